using Socratic.Training.Layers.Kernels;
using Socratic.Training.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>
/// Gradient checkpointing (Chen and others 2016, arXiv:1604.06174) of one forward: its blocks keep nothing but their input, and are computed again when their
/// gradient is due. Loss and gradients are the same to the bit: the second time meets the generator's state, the kernels and the attention plan of the first.
/// </summary>
/// <param name="createPlan">The forward's plan once more: the first one is gone by the time of the backward.</param>
internal sealed class BlockRecomputation(Func<AttentionPlan> createPlan)
{
    private AttentionPlan? plan;
    private bool hasBlock;

    /// <summary>What <see cref="DecoderLayer.Forward"/> gives, without its graph. A block through which no gradient goes is left alone.</summary>
    public Tensor Forward(DecoderLayer block, Tensor hidden, AttentionPlan now, Tensor? wanted)
    {
        if (!is_grad_enabled() || (!hidden.requires_grad && !block.parameters().Any(p => p.requires_grad))) return block.Forward(hidden, now, null, wanted);
        var call = new Call(this, block, now, hidden.requires_grad, IsFirst: !hasBlock, Fast.IsOff, MixedPrecision.IsOn, Generator: NewGpuSeed(hidden.device));
        hasBlock = true;
        // A frozen base's hidden states need no gradient, the adapters inside the block do: without this the function's output would have no graph.
        using var anchor = TensorNumbers.Filled([], 0, ScalarType.Float32, CPU).requires_grad_(true);
        return Function.apply(hidden, anchor, wanted!, call);
    }

    private AttentionPlan Plan() => plan ??= createPlan();

    private void Done()
    {
        plan?.Dispose();
        plan = null;
    }

    // A GPU's generator cannot be read through TorchSharp, so each block gets a seed of its own there.
    private static long? NewGpuSeed(Device device)
    {
        if (device.type != DeviceType.CUDA) return null;
        using var drawn = empty([], ScalarType.Int64);
        var seed = drawn.random_(0, 1L << 62).item<long>();
        cuda.manual_seed_all(seed);
        return seed;
    }

    private sealed record Call(BlockRecomputation Owner, DecoderLayer Block, AttentionPlan? Plan, bool WantsInput, bool IsFirst, bool IsFastOff, bool IsMixed, long? Generator);

    private sealed class Function : GuardedFunction<Function>
    {
        private const string CallKey = "call";

        public override string Name => nameof(BlockRecomputation);

        protected override Tensor Output(autograd.AutogradContext ctx, object[] vars)
        {
            var (hidden, wanted, call) = ((Tensor)vars[0], (Tensor?)vars[2], (Call)vars[3]);
            using var scope = NewDisposeScope();
            using var none = no_grad();
            // What is saved must outlive this method: it is taken over only after it.
            ctx.save_for_backward([hidden, get_rng_state().MoveToOuterDisposeScope(), wanted!]);
            ctx.save_data(CallKey, call with { Plan = null });
            return call.Block.Forward(hidden, call.Plan!, null, wanted).MoveToOuterDisposeScope();
        }

        protected override List<Tensor> Gradients(autograd.AutogradContext ctx, Tensor incoming)
        {
            var call = (Call)ctx.get_data(CallKey);
            var saved = ctx.get_saved_variables();
            Tensor? gradient = null;
            try
            {
                gradient = Gradient(call, saved[0], saved[1], saved[2], incoming);
                return GradientHandover.Give(incoming, gradient, null, null, null);
            }
            finally
            {
                // Without a gradient, after a failure, the blocks below this one are left out: it is the last.
                if (call.IsFirst || gradient is null) call.Owner.Done();
            }
        }

        private static Tensor? Gradient(Call call, Tensor hidden, Tensor generator, Tensor? wanted, Tensor gradOutput)
        {
            var input = hidden.detach().requires_grad_(call.WantsInput);
            var output = Again(call, input, generator, wanted);
            autograd.backward([output], [gradOutput]);
            return call.WantsInput ? input.grad : null;
        }

        private static Tensor Again(Call call, Tensor input, Tensor generator, Tensor? wanted)
        {
            using var graph = enable_grad();
            using var kernels = Fast.Off(call.IsFastOff);
            using var products = MixedPrecision.On(call.IsMixed);
            using var now = get_rng_state();
            set_rng_state(generator);
            if (call.Generator is { } seed) cuda.manual_seed_all(seed);
            try
            {
                return call.Block.Forward(input, call.Owner.Plan(), null, wanted);
            }
            finally
            {
                set_rng_state(now);
            }
        }
    }
}
