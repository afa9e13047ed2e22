using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>What an optimizer knows of one parameter.</summary>
internal sealed class OptimizerSlot(TrainableParameter parameter, OptimizerGroup group)
{
    internal TrainableParameter Parameter { get; } = parameter;

    internal Tensor Value { get; } = parameter.Value;

    internal OptimizerGroup Group { get; } = group;

    internal Tensor[] State { get; set; } = [];

    /// <summary>The updates that this parameter took part in.</summary>
    internal long Steps { get; set; }

    /// <summary>Its place in the gradient buffer.</summary>
    internal int Index { get; set; } = -1;

    /// <summary>This window's gradient, or null.</summary>
    internal Tensor? Gradient { get; set; }

    internal bool IsBFloat16 { get; } = parameter.Value.dtype == ScalarType.BFloat16;

    /// <summary>True if C# can work on its memory: fp32 or bf16, in the processor's own memory, one element after the other.</summary>
    internal bool IsPlain { get; } = parameter.Value.device_type == DeviceType.CPU && parameter.Value.dtype is ScalarType.Float32 or ScalarType.BFloat16 && parameter.Value.is_contiguous();
}
