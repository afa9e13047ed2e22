using Socratic.Training.Native;
using Socratic.Training.Layers.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>
/// Output head, soft cap and cross-entropy as one function over blocks of rows: a block's logits are turned into their gradient and multiplied back at once,
/// so that no more than one block [rows, vocabulary] ever exists. Everything after the product is float32, whatever the model's dtype.
/// </summary>
/// <remarks>
/// With z = cap tanh(a/cap), a = h W^T, e the smoothing and V the vocabulary's size: loss = sum(logsumexp(z) - (1 - e) z[target] - e mean(z)),
/// dloss/da = (softmax(z) - (1 - e) onehot(target) - e/V) (1 - tanh^2(a/cap)).
/// </remarks>
internal static class HeadLoss
{
    /// <summary>Rows a block: enough for a good product, few enough for a block of a vocabulary of 256,000 to stay below 256 MB.</summary>
    public const int BlockRows = 256;

    /// <summary>The sum of the cross-entropies, float32, 0-d, with gradients for <paramref name="hidden"/> and <paramref name="weight"/>.</summary>
    /// <param name="hidden">Normed hidden states [rows, size].</param>
    /// <param name="weight">The head [vocabulary, size].</param>
    /// <param name="targets">int64 [rows], each in the vocabulary.</param>
    /// <param name="cap">The soft cap, or null.</param>
    /// <param name="smoothing">The share of the loss that is spread evenly over the vocabulary (label smoothing), in [0, 1).</param>
    public static Tensor Sum(Tensor hidden, Tensor weight, Tensor targets, double? cap, double smoothing = 0)
        => Function.apply(hidden, weight, targets, new Settings(cap, smoothing));

    private sealed record Settings(double? Cap, double Smoothing);

    /// <summary>The sum of the cross-entropies, float32, and the likeliest id of each row, int64 [rows]; without gradients.</summary>
    public static (Tensor Sum, Tensor Predictions) Evaluate(Tensor hidden, Func<Tensor, Tensor> head, Tensor targets, double? cap, double smoothing = 0)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var sum = zeros([], ScalarType.Float32, hidden.device);
        var predictions = empty(targets.shape, ScalarType.Int64, hidden.device);
        for (long start = 0; start < hidden.shape[0]; start += BlockRows)
        {
            using var block = NewDisposeScope();
            var count = Math.Min(BlockRows, hidden.shape[0] - start);
            var logits = head(hidden.narrow(0, start, count));
            if (Fast.Applies(logits, logits))
            {
                var losses = empty([count], ScalarType.Float32);
                CrossEntropyRows.Run(Fast.Wide(logits), targets.narrow(0, start, count), losses, cap, predictions.narrow(0, start, count), wantsGradient: false, smoothing);
                sum.PlusInPlace(losses.sum());
                continue;
            }
            var capped = Capped(logits, cap).Capped;
            sum.PlusInPlace(nn.functional.cross_entropy(capped, targets.narrow(0, start, count), reduction: nn.Reduction.Sum, label_smoothing: smoothing));
            predictions.narrow(0, start, count).copy_(capped.argmax(-1));
        }
        sum.MoveToOuterDisposeScope();
        predictions.MoveToOuterDisposeScope();
        return (sum, predictions);
    }

    private static (Tensor Capped, Tensor? Tanh) Capped(Tensor logits, double? cap)
    {
        var wide = logits.to(ScalarType.Float32);
        if (cap is null) return (wide, null);
        using var number = cap.Value.ToScalar();
        var tanh = (wide / number).tanh_();
        return (tanh * number, tanh);
    }

    private sealed class Function : GuardedFunction<Function>
    {
        public override string Name => nameof(HeadLoss);

        protected override Tensor Output(autograd.AutogradContext ctx, object[] vars)
        {
            var (hidden, weight, targets, settings) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Settings)vars[3]);
            using var scope = NewDisposeScope();
            var sum = zeros([], ScalarType.Float32, hidden.device);
            var gradHidden = hidden.requires_grad ? empty_like(hidden) : null;
            // Blocks add up in float32, or each would be rounded.
            var gradWeight = weight.requires_grad ? zeros(weight.shape, ScalarType.Float32, weight.device) : null;
            for (long start = 0; start < hidden.shape[0]; start += BlockRows)
                Block(start, Math.Min(BlockRows, hidden.shape[0] - start), hidden, weight, targets, settings, sum, gradHidden, gradWeight);
            gradHidden?.MoveToOuterDisposeScope();
            gradWeight = gradWeight is null ? null : Fast.Narrow(gradWeight, weight.dtype).MoveToOuterDisposeScope();
            ctx.save_for_backward([gradHidden!, gradWeight!]);
            return sum.MoveToOuterDisposeScope();
        }

        protected override List<Tensor> Gradients(autograd.AutogradContext ctx, Tensor incoming)
        {
            var saved = ctx.get_saved_variables();
            return GradientHandover.Give(incoming, Scaled(saved[0]), Scaled(saved[1]), null, null);

            Tensor? Scaled(Tensor? gradient) => gradient is null ? null : gradient * incoming.to(gradient.dtype);
        }

        private static void Block(
            long start, long count, Tensor hidden, Tensor weight, Tensor targets, Settings settings, Tensor sum, Tensor? gradHidden, Tensor? gradWeight)
        {
            using var scope = NewDisposeScope();
            var rows = hidden.narrow(0, start, count);
            var logits = nn.functional.linear(rows, weight);
            var wantsGradient = gradHidden is not null || gradWeight is not null;
            var wanted = targets.narrow(0, start, count);
            var (losses, gradient) = Fast.Applies(logits, weight) ? Fused(logits, wanted, settings, wantsGradient) : Plain(logits, wanted, settings, wantsGradient);
            sum.PlusInPlace(losses.sum());
            if (gradient is null) return;
            gradHidden?.narrow(0, start, count).copy_(gradient.mm(weight));
            if (gradWeight is null) return;
            if (gradient.dtype == gradWeight.dtype) gradWeight.addmm_(gradient.t(), rows, 1, 1);
            else gradWeight.PlusInPlace(gradient.t().mm(rows));
        }

        private static (Tensor Losses, Tensor? Gradient) Fused(Tensor logits, Tensor targets, Settings settings, bool wantsGradient)
        {
            var losses = empty(targets.shape, ScalarType.Float32);
            var wide = Fast.Wide(logits);
            CrossEntropyRows.Run(wide, targets, losses, settings.Cap, null, wantsGradient, settings.Smoothing);
            return (losses, wantsGradient ? Fast.Narrow(wide, logits.dtype) : null);
        }

        private static (Tensor Losses, Tensor? Gradient) Plain(Tensor logits, Tensor targets, Settings settings, bool wantsGradient)
        {
            var column = targets.unsqueeze(1);
            var (capped, tanh) = Capped(logits, settings.Cap);
            var smoothing = settings.Smoothing;
            // Against the row's largest: small numbers keep their digits, and nothing overflows.
            var shifted = capped.sub_(capped.amax([-1], keepdim: true));
            var ofTarget = shifted.gather(1, column);
            var spread = smoothing == 0 ? null : shifted.mean([-1L], keepdim: true).Times(smoothing);
            var gradient = shifted.exp_();
            var total = gradient.sum([-1], keepdim: true);
            var losses = total.log() - (spread is null ? ofTarget : ofTarget.Times(1 - smoothing).Plus(spread));
            if (!wantsGradient) return (losses, null);
            gradient.div_(total);
            gradient.scatter_add_(1, column, TensorNumbers.Filled(column.shape, smoothing - 1, ScalarType.Float32, logits.device));
            if (smoothing != 0) gradient.sub_(TensorNumbers.Filled([], smoothing / logits.shape[1], ScalarType.Float32, logits.device));
            if (tanh is not null) gradient.sub_(tanh.mul_(tanh).mul_(gradient));
            return (losses, gradient.to(logits.dtype));
        }
    }
}
