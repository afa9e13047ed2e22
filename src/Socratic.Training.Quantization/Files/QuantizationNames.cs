using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Files;

/// <summary>How files spell types and dtypes.</summary>
internal static class QuantizationNames
{
    /// <summary>The key of <see cref="QuantizationOptions.NormsInFloat32"/>, which bitsandbytes does not know.</summary>
    public const string NormsInFloat32 = "norms_in_float32";

    public static string Of(QuantizationType type) => type == QuantizationType.NF4 ? "nf4" : "fp4";

    public static QuantizationType? Type(string? name) => name switch
    {
        "nf4" => QuantizationType.NF4,
        "fp4" => QuantizationType.FP4,
        _ => null,
    };

    public static string Of(ScalarType dtype) => dtype switch
    {
        ScalarType.BFloat16 => "bfloat16",
        ScalarType.Float16 => "float16",
        _ => "float32",
    };

    /// <summary>A dtype with or without <c>torch.</c> before it; null for any that weights do not have.</summary>
    public static ScalarType? Dtype(string? name) => name?.Replace("torch.", "", StringComparison.Ordinal) switch
    {
        "bfloat16" => ScalarType.BFloat16,
        "float16" => ScalarType.Float16,
        "float32" => ScalarType.Float32,
        _ => null,
    };
}
