using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Layers.Kernels;

/// <summary>activation(gate) x up in one pass forward and one backward, computed in float32 on the processor.</summary>
internal static unsafe class FusedGate
{
    // Elements a row of the loop: any split will do, for every element stands alone.
    private const int RowLength = 1024;

    /// <summary>True for the activations there is a kernel for.</summary>
    public static bool Has(Activation activation) => activation is Activation.Silu or Activation.GeluTanh;

    /// <param name="gate">float32 or bfloat16, contiguous.</param>
    /// <param name="up">Likewise, of the same shape and dtype.</param>
    /// <param name="activation">One that there is a kernel for.</param>
    public static Tensor Apply(Tensor gate, Tensor up, Activation activation)
        => Fast.NeedsGraph(gate, up) ? Function.apply(gate, up, activation) : Compute(gate, up, activation);

    private static Tensor Compute(Tensor gate, Tensor up, Activation activation)
    {
        using var scope = NewDisposeScope();
        var dtype = gate.dtype;
        (gate, up) = (Fast.Wide(gate), Fast.Wide(up));
        var output = empty_like(gate);
        var job = new Job { Activation = activation, Count = gate.numel(), Gate = Pointer(gate), Up = Pointer(up), Output = Pointer(output) };
        RowLoop.Run((job.Count + RowLength - 1) / RowLength, RowLength, &Forward, &job);
        return Fast.Narrow(output, dtype).MoveToOuterDisposeScope();
    }

    private static float* Pointer(Tensor tensor) => (float*)TensorMemory.Pointer(tensor);

    private interface ICurve
    {
        /// <summary>The function's value.</summary>
        static abstract Vector<float> Value(Vector<float> x);

        /// <summary>Its value and slope.</summary>
        static abstract (Vector<float> Value, Vector<float> Slope) ValueAndSlope(Vector<float> x);
    }

    private readonly struct Silu : ICurve
    {
        public static Vector<float> Value(Vector<float> x) => x / (Vector<float>.One + VectorMath.Exp(-x));

        public static (Vector<float> Value, Vector<float> Slope) ValueAndSlope(Vector<float> x)
        {
            var sigmoid = Vector<float>.One / (Vector<float>.One + VectorMath.Exp(-x));
            return (x * sigmoid, sigmoid * (Vector<float>.One + x * (Vector<float>.One - sigmoid)));
        }
    }

    private readonly struct GeluTanh : ICurve
    {
        private const float RootOfTwoOverPi = 0.79788456f;
        private const float Cubic = 0.044715f;

        public static Vector<float> Value(Vector<float> x)
            => x * 0.5f * (Vector<float>.One + VectorMath.Tanh(x * RootOfTwoOverPi * (Vector<float>.One + x * x * Cubic)));

        public static (Vector<float> Value, Vector<float> Slope) ValueAndSlope(Vector<float> x)
        {
            var square = x * x;
            var tanh = VectorMath.Tanh(x * RootOfTwoOverPi * (Vector<float>.One + square * Cubic));
            var half = (Vector<float>.One + tanh) * 0.5f;
            var inner = (Vector<float>.One + square * (3 * Cubic)) * RootOfTwoOverPi;
            return (x * half, half + x * 0.5f * (Vector<float>.One - tanh * tanh) * inner);
        }
    }

    private struct Job
    {
        public Activation Activation;
        public long Count;
        public float* Gate;
        public float* Up;
        public float* Output;
        public float* GradOutput;
        public float* GradGate;
        public float* GradUp;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Forward(long begin, long end, void* context)
    {
        ref readonly var job = ref *(Job*)context;
        var (first, last) = (begin * RowLength, Math.Min(job.Count, end * RowLength));
        if (job.Activation == Activation.Silu) Forward<Silu>(job, first, last);
        else Forward<GeluTanh>(job, first, last);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Backward(long begin, long end, void* context)
    {
        ref readonly var job = ref *(Job*)context;
        var (first, last) = (begin * RowLength, Math.Min(job.Count, end * RowLength));
        if (job.Activation == Activation.Silu) Backward<Silu>(job, first, last);
        else Backward<GeluTanh>(job, first, last);
    }

    private static void Forward<TCurve>(in Job job, long first, long last)
        where TCurve : ICurve
    {
        var width = Vector<float>.Count;
        var i = first;
        for (; i <= last - width; i += width) Vector.Store(TCurve.Value(Vector.Load(job.Gate + i)) * Vector.Load(job.Up + i), job.Output + i);
        if (i == last) return;
        var rest = (int)(last - i);
        VectorMath.StorePart(TCurve.Value(VectorMath.LoadPart(job.Gate + i, rest)) * VectorMath.LoadPart(job.Up + i, rest), job.Output + i, rest);
    }

    private static void Backward<TCurve>(in Job job, long first, long last)
        where TCurve : ICurve
    {
        var width = Vector<float>.Count;
        var i = first;
        for (; i <= last - width; i += width)
        {
            var (value, slope) = TCurve.ValueAndSlope(Vector.Load(job.Gate + i));
            var gradient = Vector.Load(job.GradOutput + i);
            Vector.Store(gradient * Vector.Load(job.Up + i) * slope, job.GradGate + i);
            Vector.Store(gradient * value, job.GradUp + i);
        }
        if (i == last) return;
        var rest = (int)(last - i);
        var (lastValue, lastSlope) = TCurve.ValueAndSlope(VectorMath.LoadPart(job.Gate + i, rest));
        var lastGradient = VectorMath.LoadPart(job.GradOutput + i, rest);
        VectorMath.StorePart(lastGradient * VectorMath.LoadPart(job.Up + i, rest) * lastSlope, job.GradGate + i, rest);
        VectorMath.StorePart(lastGradient * lastValue, job.GradUp + i, rest);
    }

    private sealed class Function : GuardedFunction<Function>
    {
        private const string ActivationKey = "activation";

        public override string Name => nameof(FusedGate);

        protected override Tensor Output(autograd.AutogradContext ctx, object[] vars)
        {
            var (gate, up, activation) = ((Tensor)vars[0], (Tensor)vars[1], (Activation)vars[2]);
            var output = Compute(gate, up, activation);
            ctx.save_for_backward([gate, up]);
            ctx.save_data(ActivationKey, activation);
            return output;
        }

        protected override List<Tensor> Gradients(autograd.AutogradContext ctx, Tensor incoming)
        {
            var saved = ctx.get_saved_variables();
            var (gate, up, gradOutput) = (Fast.Wide(saved[0]), Fast.Wide(saved[1]), Fast.Wide(incoming).contiguous());
            var (gradGate, gradUp) = (empty_like(gradOutput), empty_like(gradOutput));
            var job = new Job
            {
                Activation = (Activation)ctx.get_data(ActivationKey),
                Count = gradOutput.numel(),
                Gate = Pointer(gate),
                Up = Pointer(up),
                GradOutput = Pointer(gradOutput),
                GradGate = Pointer(gradGate),
                GradUp = Pointer(gradUp),
            };
            RowLoop.Run((job.Count + RowLength - 1) / RowLength, RowLength, &Backward, &job);
            return GradientHandover.Give(incoming, Fast.Narrow(gradGate, saved[0].dtype), Fast.Narrow(gradUp, saved[1].dtype), null);
        }
    }
}
