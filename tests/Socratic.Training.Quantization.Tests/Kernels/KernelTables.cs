using Socratic.Testing.Golden;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>The reference's 8-bit maps.</summary>
internal static class KernelTables
{
    internal static float[] Signed() => Read("dynamic_map_signed");

    internal static float[] Unsigned() => Read("dynamic_map_unsigned");

    private static float[] Read(string name)
    {
        var tables = GoldenRoot.Cases("nf4").FirstOrDefault(c => c.Kind == "tables");
        if (tables is null) Assert.Skip("The reference's tables are not among the cases.");
        return new GoldenTensors(GoldenRoot.File("nf4", tables["file"])).Floats(name);
    }
}
