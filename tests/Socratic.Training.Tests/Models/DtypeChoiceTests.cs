using Socratic.Training.Models;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Models;

public sealed class DtypeChoiceTests
{
    [Fact]
    public void The_dtype_asked_for_is_the_dtype_chosen()
    {
        Assert.Equal(ScalarType.Float32, DtypeChoice.Resolve(ModelDtype.Float32, CPU));
        Assert.Equal(ScalarType.BFloat16, DtypeChoice.Resolve(ModelDtype.BFloat16, CPU));
    }

    [Fact]
    public void Auto_is_bfloat16_where_the_processor_multiplies_it()
    {
        Assert.SkipUnless(File.Exists("/proc/cpuinfo"), "the processor's features are read from /proc/cpuinfo");
        var multiplies = File.ReadLines("/proc/cpuinfo").Any(line => line.StartsWith("flags", StringComparison.Ordinal) && line.Split(' ').Contains("avx512_bf16"));
        Assert.Equal(multiplies ? ScalarType.BFloat16 : ScalarType.Float32, DtypeChoice.Resolve(ModelDtype.Auto, CPU));
        Assert.Equal(multiplies ? TrainingPrecision.Mixed : TrainingPrecision.AsLoaded, DtypeChoice.Resolve(TrainingPrecision.Auto, ScalarType.Float32, CPU));
        Assert.Equal(TrainingPrecision.AsLoaded, DtypeChoice.Resolve(TrainingPrecision.Auto, ScalarType.BFloat16, CPU));
    }
}
