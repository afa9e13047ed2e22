using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>The nonlinearity of a gated MLP.</summary>
internal enum Activation
{
    /// <summary>x sigmoid(x).</summary>
    Silu,

    /// <summary>GELU by its tanh approximation: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).</summary>
    GeluTanh,

    /// <summary>GELU by the error function.</summary>
    Gelu,
}

internal static class ActivationExtensions
{
    public static Tensor Apply(this Activation activation, Tensor x) => activation switch
    {
        Activation.Silu => nn.functional.silu(x),
        Activation.GeluTanh => nn.functional.gelu(x, GELU.Approximate.tanh),
        _ => nn.functional.gelu(x),
    };
}
