namespace Socratic.Training.Quantization;

/// <summary>The dtype in which a quantized layer multiplies.</summary>
public enum QuantizedComputeDtype
{
    /// <summary>The dtype of the layer's input; the model's with <see cref="QuantizationOptions.NormsInFloat32"/>.</summary>
    Auto,

    /// <summary>float32.</summary>
    Float32,

    /// <summary>bfloat16.</summary>
    BFloat16,

    /// <summary>float16.</summary>
    Float16,
}
