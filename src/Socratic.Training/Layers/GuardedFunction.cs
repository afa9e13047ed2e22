using Socratic.Training.Layers.Kernels;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>
/// A custom function whose backward may throw: the exception is kept in <see cref="BackwardFailure"/>, and no gradient goes further. One that left the backward
/// would end the process.
/// </summary>
internal abstract class GuardedFunction<T> : autograd.SingleTensorFunction<T>
    where T : GuardedFunction<T>, new()
{
    // Of the one instance a type has: always the same number.
    private int arguments;

    /// <summary>What <c>forward</c> gives.</summary>
    protected abstract Tensor Output(autograd.AutogradContext ctx, object[] vars);

    /// <summary>What <c>backward</c> gives, through <see cref="GradientHandover"/>. Runs in a dispose scope of its own.</summary>
    protected abstract List<Tensor> Gradients(autograd.AutogradContext ctx, Tensor incoming);

    public sealed override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        arguments = vars.Length;
        // After a failure there may be no memory left for zeros, which are made where nothing catches.
        ctx.set_materialize_grads(false);
        return Output(ctx, vars);
    }

    public sealed override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        try
        {
            if (!grad_output.IsInvalid) return Gradients(ctx, grad_output);
            // A function above this one failed.
            GradientHandover.Uncount(grad_output);
        }
        catch (Exception error)
        {
            BackwardFailure.Keep(error);
        }
        return GradientHandover.Give(grad_output, new Tensor?[arguments]);
    }
}
