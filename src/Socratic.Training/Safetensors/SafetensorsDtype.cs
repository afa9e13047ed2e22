using static TorchSharp.torch;

namespace Socratic.Training.Safetensors;

/// <summary>The dtypes of the format. <see cref="All"/> stands in the order in which the reference library lays tensors out.</summary>
internal sealed record SafetensorsDtype(string Name, int Bits, ScalarType? Torch)
{
    // c10's numbers of the two 8-bit floats; TorchSharp's enum does not name them.
    private const ScalarType Float8E5M2 = (ScalarType)23;
    private const ScalarType Float8E4M3 = (ScalarType)24;

    public static IReadOnlyList<SafetensorsDtype> All { get; } =
    [
        new("U64", 64, null), new("I64", 64, ScalarType.Int64), new("F64", 64, ScalarType.Float64), new("C64", 64, ScalarType.ComplexFloat32),
        new("F32", 32, ScalarType.Float32), new("U32", 32, null), new("I32", 32, ScalarType.Int32),
        new("BF16", 16, ScalarType.BFloat16), new("F16", 16, ScalarType.Float16), new("U16", 16, null), new("I16", 16, ScalarType.Int16),
        new("F8_E5M2FNUZ", 8, null), new("F8_E4M3FNUZ", 8, null), new("F8_E8M0", 8, null), new("F8_E4M3", 8, Float8E4M3), new("F8_E5M2", 8, Float8E5M2),
        new("I8", 8, ScalarType.Int8), new("U8", 8, ScalarType.Byte), new("F6_E3M2", 6, null), new("F6_E2M3", 6, null), new("F4", 4, null),
        new("BOOL", 8, ScalarType.Bool),
    ];

    private static readonly Dictionary<string, SafetensorsDtype> ByName = All.ToDictionary(d => d.Name, StringComparer.Ordinal);

    private static readonly Dictionary<string, int> Ranks = All.Select((d, i) => (d.Name, i)).ToDictionary(StringComparer.Ordinal);

    /// <summary>The place in the file's order.</summary>
    public int Rank => Ranks[Name];

    public static SafetensorsDtype? Find(string name) => ByName.GetValueOrDefault(name);

    public static SafetensorsDtype? Find(ScalarType type) => All.FirstOrDefault(d => d.Torch == type);
}
