using System.Runtime.Intrinsics.X86;
using Socratic.Training.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Models;

/// <summary>Turns <see cref="ModelDtype"/> into the dtype of a model on a device.</summary>
internal static class DtypeChoice
{
    public static ScalarType Resolve(ModelDtype asked, Device device) => asked switch
    {
        ModelDtype.Float32 => ScalarType.Float32,
        ModelDtype.BFloat16 => ScalarType.BFloat16,
        _ => MultipliesBFloat16(device) ? ScalarType.BFloat16 : ScalarType.Float32,
    };

    /// <summary><see cref="TrainingPrecision.Auto"/> as one of the others.</summary>
    public static TrainingPrecision Resolve(TrainingPrecision asked, ScalarType dtype, Device device) => asked switch
    {
        TrainingPrecision.Auto => dtype == ScalarType.Float32 && MultipliesBFloat16(device) ? TrainingPrecision.Mixed : TrainingPrecision.AsLoaded,
        _ => asked,
    };

    private static bool MultipliesBFloat16(Device device)
        => device.type == DeviceType.CUDA ? CudaDevice.MultipliesBFloat16(Math.Max(0, device.index)) : ProcessorMultipliesBFloat16();

    /// <summary>AVX512-BF16: without it a bf16 product is several times slower than a float32 one.</summary>
    private static bool ProcessorMultipliesBFloat16()
    {
        const int extendedFeatures = 7;
        const int avx512Bf16Bit = 1 << 5;
        if (!Avx512F.IsSupported) return false;
        return (X86Base.CpuId(extendedFeatures, 1).Eax & avx512Bf16Bit) != 0;
    }
}
