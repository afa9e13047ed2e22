using Socratic.Training.Layers;
using Socratic.Training.Layers.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Layers;

/// <summary>Says whether, and with what, a <see cref="FailingFunction"/> fails.</summary>
internal sealed class Failure
{
    public Exception? InForward { get; set; }

    public Exception? InBackward { get; set; }

    /// <summary>How often the backward was asked.</summary>
    public int Backwards { get; set; }
}

/// <summary>The identity; it throws what it is told to, with tensors of its own under way.</summary>
internal sealed class FailingFunction : GuardedFunction<FailingFunction>
{
    private const string Key = "failure";

    public override string Name => nameof(FailingFunction);

    public static Tensor Apply(Tensor input, Failure failure) => apply(input, failure);

    protected override Tensor Output(autograd.AutogradContext ctx, object[] vars)
    {
        var (input, failure) = ((Tensor)vars[0], (Failure)vars[1]);
        if (failure.InForward is { } error) throw error;
        ctx.save_for_backward([input]);
        ctx.save_data(Key, failure);
        return input.clone();
    }

    protected override List<Tensor> Gradients(autograd.AutogradContext ctx, Tensor incoming)
    {
        var failure = (Failure)ctx.get_data(Key);
        failure.Backwards++;
        var gradient = zeros_like(ctx.get_saved_variables()[0]).add_(incoming, 1);
        if (failure.InBackward is { } error) Fail(error);
        return GradientHandover.Give(incoming, gradient, null);
    }

    private static void Fail(Exception error) => throw error;
}

/// <summary>A linear layer with a <see cref="FailingFunction"/> behind it.</summary>
internal sealed class FailingLinear : LinearLayer
{
    private readonly DenseLinear inner;
    private readonly Failure failure;

    public FailingLinear(DenseLinear inner, Failure failure)
        : base(nameof(FailingLinear), inner.InFeatures, inner.OutFeatures)
    {
        this.inner = inner;
        this.failure = failure;
        register_module("inner", inner);
    }

    public override Parameter? Bias => inner.Bias;

    public override bool AddsDeltaInFloat32 => inner.AddsDeltaInFloat32;

    public override ScalarType OutputType(ScalarType input) => inner.OutputType(input);

    public override Tensor DenseWeight(ScalarType dtype) => inner.DenseWeight(dtype);

    public override bool TrySetDenseWeight(Tensor weight) => inner.TrySetDenseWeight(weight);

    public override Tensor forward(Tensor input)
    {
        using var output = inner.call(input);
        return FailingFunction.Apply(output, failure);
    }

    protected override void RegisterComponents()
    {
    }
}
