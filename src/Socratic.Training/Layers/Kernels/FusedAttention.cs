using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Layers.Kernels;

/// <summary>Rotation, attention and their gradients as one function of queries, keys and values. Its plain twin is <see cref="EagerAttention"/>.</summary>
internal static unsafe class FusedAttention
{
    /// <summary>What a call knows beside its tensors.</summary>
    /// <param name="Shape">The layer's.</param>
    /// <param name="Rotary">The layer's angles.</param>
    /// <param name="Documents">First token and length of each document in the flattened rows.</param>
    internal sealed record Call(AttentionShape Shape, RotaryTable Rotary, IReadOnlyList<(int First, int Length)> Documents)
    {
        public int Longest { get; } = Documents.Count == 0 ? 0 : Documents.Max(d => d.Length);

        /// <summary>Whose gradients are wanted.</summary>
        public bool WantsQueries { get; init; }

        public bool WantsKeys { get; init; }

        public bool WantsValues { get; init; }

        /// <summary>The dtypes that gradients have.</summary>
        public ScalarType QueryType { get; init; }

        public ScalarType KeyType { get; init; }

        public int Tokens { get; } = Documents.Sum(d => d.Length);
    }

    /// <summary>The mixture of values for each token, [..., heads d], in the values' dtype; 0 outside every document.</summary>
    /// <param name="queries">Not turned yet, float32 or bfloat16 [..., heads d], contiguous.</param>
    /// <param name="keys">[..., shared d].</param>
    /// <param name="values">[..., shared d].</param>
    /// <param name="call">The rest.</param>
    public static Tensor Apply(Tensor queries, Tensor keys, Tensor values, Call call)
    {
        if (Fast.NeedsGraph(queries, keys, values)) return Function.apply(queries, keys, values, call);
        var (output, turnedQueries, turnedKeys, logSums) = Compute(queries, keys, values, call);
        turnedQueries.Dispose();
        turnedKeys.Dispose();
        logSums.Dispose();
        return output;
    }

    private static (Tensor Output, Tensor TurnedQueries, Tensor TurnedKeys, Tensor LogSums) Compute(Tensor queries, Tensor keys, Tensor values, Call call)
    {
        using var scope = NewDisposeScope();
        var dtype = values.dtype;
        (queries, keys, values) = (Fast.Wide(queries), Fast.Wide(keys), Fast.Wide(values));
        var output = Room(queries, call.Tokens * queries.shape[^1] == queries.numel());
        var turnedQueries = empty([call.Tokens, queries.shape[^1]], ScalarType.Float32);
        var turnedKeys = empty([call.Tokens, keys.shape[^1]], ScalarType.Float32);
        var logSums = empty([call.Tokens, call.Shape.Heads], ScalarType.Float32);
        Run(call, turnedQueries, turnedKeys, logSums, values, job =>
        {
            job->Queries = Pointer(queries);
            job->Keys = Pointer(keys);
            job->Output = Pointer(output);
            RowLoop.Run((long)call.Documents.Count * job->Shared, Work(call), &AttentionKernel.Forward, job);
        });
        return (Kept(Fast.Narrow(output, dtype)), Kept(turnedQueries), Kept(turnedKeys), Kept(logSums));

        static Tensor Kept(Tensor tensor) => tensor.MoveToOuterDisposeScope();
    }

    /// <summary>Tokens outside every document keep a gradient of 0.</summary>
    private static Tensor Room(Tensor like, bool isWhole) => isWhole ? empty_like(like) : zeros_like(like);

    private delegate void Kernel(AttentionJob* job);

    private static void Run(Call call, Tensor turnedQueries, Tensor turnedKeys, Tensor logSums, Tensor values, Kernel kernel)
    {
        var documents = stackalloc (int, int, int)[call.Documents.Count];
        for (var (i, before) = (0, 0); i < call.Documents.Count; before += call.Documents[i++].Length)
            documents[i] = (call.Documents[i].First, call.Documents[i].Length, before);
        var (cos, sin) = call.Rotary.For(call.Longest);
        var job = new AttentionJob
        {
            Heads = call.Shape.Heads,
            Shared = call.Shape.KeyValueHeads,
            Size = call.Shape.HeadDimension,
            Window = call.Shape.Window ?? int.MaxValue,
            Scale = (float)call.Shape.Scale,
            Cap = (float)(call.Shape.SoftCap ?? 0),
            Documents = documents,
            Cos = Pointer(cos),
            Sin = Pointer(sin),
            TurnedQueries = Pointer(turnedQueries),
            TurnedKeys = Pointer(turnedKeys),
            LogSums = Pointer(logSums),
            Values = Pointer(values),
        };
        kernel(&job);
    }

    private static long Work(Call call) => (long)call.Shape.Heads / call.Shape.KeyValueHeads * call.Shape.HeadDimension * call.Longest;

    private static float* Pointer(Tensor tensor) => (float*)TensorMemory.Pointer(tensor);

    private sealed class Function : GuardedFunction<Function>
    {
        private const string CallKey = "call";

        public override string Name => nameof(FusedAttention);

        protected override Tensor Output(autograd.AutogradContext ctx, object[] vars)
        {
            var (queries, keys, values, call) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Call)vars[3]);
            var (output, turnedQueries, turnedKeys, logSums) = Compute(queries, keys, values, call);
            ctx.save_for_backward([turnedQueries, turnedKeys, logSums, values]);
            ctx.save_data(CallKey, call with
            {
                WantsQueries = queries.requires_grad, WantsKeys = keys.requires_grad, WantsValues = values.requires_grad,
                QueryType = queries.dtype, KeyType = keys.dtype,
            });
            return output;
        }

        protected override List<Tensor> Gradients(autograd.AutogradContext ctx, Tensor incoming)
        {
            var call = (Call)ctx.get_data(CallKey);
            var saved = ctx.get_saved_variables();
            var (turnedQueries, turnedKeys, logSums, values) = (saved[0], saved[1], saved[2], Fast.Wide(saved[3]));
            var gradOutput = Fast.Wide(incoming).contiguous();
            var isWhole = call.Tokens * gradOutput.shape[^1] == gradOutput.numel();
            var gradQueries = call.WantsQueries ? Room(gradOutput, isWhole) : null;
            var gradKeys = call.WantsKeys ? Room(values, isWhole) : null;
            var gradValues = call.WantsValues ? Room(values, isWhole) : null;
            Run(call, turnedQueries, turnedKeys, logSums, values, job =>
            {
                job->GradOutput = Pointer(gradOutput);
                job->GradQueries = gradQueries is null ? null : Pointer(gradQueries);
                job->GradKeys = gradKeys is null ? null : Pointer(gradKeys);
                job->GradValues = gradValues is null ? null : Pointer(gradValues);
                RowLoop.Run((long)call.Documents.Count * job->Shared, 2 * Work(call), &AttentionKernel.Backward, job);
            });
            return GradientHandover.Give(incoming, As(gradQueries, call.QueryType), As(gradKeys, call.KeyType), As(gradValues, saved[3].dtype), null);

            static Tensor? As(Tensor? gradient, ScalarType dtype) => gradient is null ? null : Fast.Narrow(gradient, dtype);
        }
    }
}
