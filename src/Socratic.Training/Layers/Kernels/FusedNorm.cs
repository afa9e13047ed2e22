using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Layers.Kernels;

/// <summary>Root-mean-square norm in one pass forward and one backward, computed in float32 on the processor. Its plain twin is <see cref="RmsNorm.Plain"/>.</summary>
/// <remarks>y = x r s with r = 1 / sqrt(mean(x^2) + eps) and s the weight or 1 + weight; dx = r (g s - x r^2 mean(g s x)), dw = sum(g x r).</remarks>
internal static unsafe class FusedNorm
{
    /// <param name="input">float32 or bfloat16 [..., size], contiguous.</param>
    /// <param name="weight">float32 or bfloat16 [size].</param>
    /// <param name="epsilon">eps.</param>
    /// <param name="offset">What is added to the weight: 0 or 1.</param>
    /// <param name="dtype">The output's dtype.</param>
    public static Tensor Apply(Tensor input, Tensor weight, double epsilon, float offset, ScalarType dtype)
    {
        if (Fast.NeedsGraph(input, weight)) return Function.apply(input, weight, (float)epsilon, offset, dtype);
        var (output, roots) = Compute(input, weight, (float)epsilon, offset, dtype);
        roots.Dispose();
        return output;
    }

    private static (Tensor Output, Tensor Roots) Compute(Tensor input, Tensor weight, float epsilon, float offset, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        (input, weight) = (Fast.Wide(input), Fast.Wide(weight));
        var output = empty_like(input);
        var roots = empty([input.numel() / input.shape[^1]], ScalarType.Float32);
        var job = new Job
        {
            Size = (int)input.shape[^1],
            Epsilon = epsilon,
            Offset = offset,
            Input = Pointer(input),
            Weight = Pointer(weight),
            Roots = Pointer(roots),
            Output = Pointer(output),
        };
        RowLoop.Run(roots.shape[0], job.Size, &Forward, &job);
        return (Fast.Narrow(output, dtype).MoveToOuterDisposeScope(), roots.MoveToOuterDisposeScope());
    }

    private static float* Pointer(Tensor tensor) => (float*)TensorMemory.Pointer(tensor);

    private struct Job
    {
        public int Size;
        public float Epsilon;
        public float Offset;
        public float* Input;
        public float* Weight;
        public float* Roots;
        public float* Output;
        public float* GradOutput;
        public float* GradInput;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Forward(long begin, long end, void* context)
    {
        ref readonly var job = ref *(Job*)context;
        for (var row = begin; row < end; row++)
        {
            var x = job.Input + row * job.Size;
            var y = job.Output + row * job.Size;
            var root = 1 / MathF.Sqrt(Rows.Dot(x, x, job.Size) / job.Size + job.Epsilon);
            job.Roots[row] = root;
            var i = 0;
            for (; i <= job.Size - Vector<float>.Count; i += Vector<float>.Count)
                Vector.Store(Vector.Load(x + i) * root * (Vector.Load(job.Weight + i) + new Vector<float>(job.Offset)), y + i);
            for (; i < job.Size; i++) y[i] = x[i] * root * (job.Weight[i] + job.Offset);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Backward(long begin, long end, void* context)
    {
        ref readonly var job = ref *(Job*)context;
        for (var row = begin; row < end; row++)
        {
            var x = job.Input + row * job.Size;
            var g = job.GradOutput + row * job.Size;
            var dx = job.GradInput + row * job.Size;
            var root = job.Roots[row];
            var sum = Vector<float>.Zero;
            var i = 0;
            for (; i <= job.Size - Vector<float>.Count; i += Vector<float>.Count)
            {
                var scaled = Vector.Load(g + i) * (Vector.Load(job.Weight + i) + new Vector<float>(job.Offset));
                Vector.Store(scaled, dx + i);
                sum = Vector.FusedMultiplyAdd(scaled, Vector.Load(x + i), sum);
            }
            var mean = Vector.Sum(sum);
            for (; i < job.Size; i++)
            {
                dx[i] = g[i] * (job.Weight[i] + job.Offset);
                mean += dx[i] * x[i];
            }
            var pull = -root * root * root * mean / job.Size;
            for (i = 0; i <= job.Size - Vector<float>.Count; i += Vector<float>.Count)
                Vector.Store(Vector.FusedMultiplyAdd(Vector.Load(x + i), new Vector<float>(pull), Vector.Load(dx + i) * root), dx + i);
            for (; i < job.Size; i++) dx[i] = dx[i] * root + x[i] * pull;
        }
    }

    private sealed class Function : GuardedFunction<Function>
    {
        private const string Settings = "settings";

        public override string Name => nameof(FusedNorm);

        protected override Tensor Output(autograd.AutogradContext ctx, object[] vars)
        {
            var (input, weight, epsilon, offset) = ((Tensor)vars[0], (Tensor)vars[1], (float)vars[2], (float)vars[3]);
            var (output, roots) = Compute(input, weight, epsilon, offset, (ScalarType)vars[4]);
            ctx.save_for_backward([input, weight, roots]);
            ctx.save_data(Settings, (offset, input.requires_grad, weight.requires_grad));
            return output;
        }

        protected override List<Tensor> Gradients(autograd.AutogradContext ctx, Tensor incoming)
        {
            var saved = ctx.get_saved_variables();
            var (offset, wantsInput, wantsWeight) = ((float, bool, bool))ctx.get_data(Settings);
            var (input, weight, roots, gradOutput) = (Fast.Wide(saved[0]), Fast.Wide(saved[1]), saved[2], Fast.Wide(incoming).contiguous());
            Tensor? gradInput = null, gradWeight = null;
            if (wantsInput)
            {
                gradInput = empty_like(input);
                var job = new Job
                {
                    Size = (int)input.shape[^1],
                    Offset = offset,
                    Input = Pointer(input),
                    Weight = Pointer(weight),
                    Roots = Pointer(roots),
                    GradOutput = Pointer(gradOutput),
                    GradInput = Pointer(gradInput),
                };
                RowLoop.Run(roots.shape[0], job.Size, &Backward, &job);
                gradInput = Fast.Narrow(gradInput, saved[0].dtype);
            }
            if (wantsWeight) gradWeight = Fast.Narrow((gradOutput * input).view(-1, weight.shape[0]).t().mv(roots), saved[1].dtype);
            return GradientHandover.Give(incoming, gradInput, gradWeight, null, null, null);
        }
    }
}
