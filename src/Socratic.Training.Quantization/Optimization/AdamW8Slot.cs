using Socratic.Training.Native;
using Socratic.Training.Optimization;
using Socratic.Training.Quantization.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Optimization;

/// <summary>One parameter of <see cref="AdamW8Bit"/> with its state, which it owns.</summary>
internal sealed class AdamW8Slot : IDisposable
{
    // Below this many values bitsandbytes keeps 32-bit moments (min_8bit_size).
    private const long Smallest8Bit = 4096;

    private readonly Tensor step;

    /// <exception cref="ArgumentException">The parameter is of another dtype, on another kind of device than the CPU or a GPU, or not contiguous.</exception>
    public AdamW8Slot(TrainableParameter parameter, OptimizerGroup group, bool mayBe8Bit = true)
    {
        var value = parameter.Value;
        if (value.dtype is not (ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16) || value.device_type is not (DeviceType.CPU or DeviceType.CUDA) || !value.is_contiguous())
            throw new ArgumentException($"Parameter '{parameter.Name}' is {value.dtype} on {value.device}: 8-bit AdamW expects contiguous Float32, BFloat16 or Float16 on the CPU or a CUDA device.");
        (Parameter, Group) = (parameter, group);
        using var scope = NewDisposeScope();
        var is8Bit = mayBe8Bit && value.numel() >= Smallest8Bit;
        State1 = zeros(value.shape, is8Bit ? ScalarType.Byte : ScalarType.Float32, value.device).DetachFromDisposeScope();
        State2 = zeros(value.shape, is8Bit ? ScalarType.Byte : ScalarType.Float32, value.device).DetachFromDisposeScope();
        if (is8Bit)
        {
            long[] blocks = [(value.numel() + AdamW8Job.BlockSize - 1) / AdamW8Job.BlockSize];
            Absmax1 = zeros(blocks, ScalarType.Float32, value.device).DetachFromDisposeScope();
            Absmax2 = zeros(blocks, ScalarType.Float32, value.device).DetachFromDisposeScope();
        }
        step = zeros([], ScalarType.Int64).DetachFromDisposeScope();
    }

    public TrainableParameter Parameter { get; }

    private OptimizerGroup Group { get; }

    private Tensor State1 { get; }

    private Tensor State2 { get; }

    private Tensor? Absmax1 { get; }

    private Tensor? Absmax2 { get; }

    /// <summary>The state under the names of its files: bitsandbytes' own, after the parameter's.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State()
    {
        yield return new($"{Parameter.Name}.state1", State1);
        yield return new($"{Parameter.Name}.state2", State2);
        if (Absmax1 is not null) yield return new($"{Parameter.Name}.absmax1", Absmax1);
        if (Absmax2 is not null) yield return new($"{Parameter.Name}.absmax2", Absmax2);
        yield return new($"{Parameter.Name}.step", step);
    }

    public unsafe void Update(Tensor gradient, double scale, double beta1, double beta2, double epsilon)
    {
        ref var steps = ref *(long*)TensorMemory.Pointer(step);
        steps++;
        var update = AdamW8Step.At(steps, Group.LearningRate, beta1, beta2, epsilon, Group.WeightDecay);
        // Where the moments are float32 the reference takes the difference before it rounds.
        var rest1 = Absmax1 is null ? (float)(1 - beta1) : 1 - (float)beta1;
        var rest2 = Absmax1 is null ? (float)(1 - beta2) : 1 - (float)beta2;
        if (GpuFourBit.IsGpus(Parameter.Value))
        {
            UpdateOnGpu(gradient, update, rest1, rest2, (float)scale);
            return;
        }
        AdamW8Kernel.Run(new AdamW8Job
        {
            Parameter = (void*)TensorMemory.Pointer(Parameter.Value),
            Gradient = (void*)TensorMemory.Pointer(gradient),
            Dtype = Parameter.Value.dtype,
            Count = Parameter.Value.numel(),
            State1 = (void*)TensorMemory.Pointer(State1),
            State2 = (void*)TensorMemory.Pointer(State2),
            Absmax1 = Absmax1 is null ? null : (float*)TensorMemory.Pointer(Absmax1),
            Absmax2 = Absmax2 is null ? null : (float*)TensorMemory.Pointer(Absmax2),
            Step = update,
            Rest1 = rest1,
            Rest2 = rest2,
            Scale = (float)scale,
        });
    }

    private void UpdateOnGpu(Tensor gradient, in AdamW8Step update, float rest1, float rest2, float scale)
    {
        var value = Parameter.Value;
        if (Absmax1 is null || GpuFourBit.LauncherOf(value) is not { } launcher || gradient.dtype != value.dtype || !gradient.is_contiguous())
        {
            TorchAdamW8.Update(value, gradient, (State1, Absmax1), (State2, Absmax2), update, rest1, rest2, scale);
            return;
        }
        var (map1, map2) = GpuMaps.Of(value.device);
        KernelCalls.AdamW8(launcher, new(TensorMemory.Pointer(value), TensorMemory.Pointer(gradient), TensorMemory.Pointer(State1), TensorMemory.Pointer(Absmax1), TensorMemory.Pointer(map1),
            TensorMemory.Pointer(State2), TensorMemory.Pointer(Absmax2!), TensorMemory.Pointer(map2)), value.dtype, update, value.numel(), scale);
        GC.KeepAlive(gradient);
        GC.KeepAlive(value);
    }

    public void Dispose()
    {
        State1.Dispose();
        State2.Dispose();
        Absmax1?.Dispose();
        Absmax2?.Dispose();
        step.Dispose();
    }
}
