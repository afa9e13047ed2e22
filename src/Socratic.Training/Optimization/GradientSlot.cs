using Socratic.Training.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>One parameter's part of the buffer.</summary>
internal sealed class GradientSlot(TrainableParameter parameter)
{
    private readonly Tensor[] owners = [parameter.Value, .. parameter.Aliases];
    private IntPtr pointer;
    private long writesAtStart;

    internal TrainableParameter Parameter { get; } = parameter;

    internal Tensor View { get; private set; } = null!;

    internal IntPtr Pointer => pointer;

    internal long Length { get; } = parameter.Value.numel();

    internal bool IsPresent { get; private set; }

    internal bool IsBFloat16 { get; private set; }

    /// <summary>True if it is fp32 or bf16 in the processor's own memory, where C# can work on it.</summary>
    internal bool IsPlain { get; private set; }

    internal double Norm { get; set; }

    internal void Attach(Tensor block, long start)
    {
        using var part = block.narrow(0, start, Length);
        using var shaped = part.view(Parameter.Value.shape);
        // A tensor of its own over the same storage: a view would share its write count with the whole block.
        View = empty(0, block.dtype, block.device).DetachFromDisposeScope();
        View.set_(shaped);
        pointer = TensorMemory.Pointer(View);
        IsBFloat16 = block.dtype == ScalarType.BFloat16;
        IsPlain = block.device_type == DeviceType.CPU && (IsBFloat16 || block.dtype == ScalarType.Float32);
        Bind();
    }

    internal void Bind()
    {
        foreach (var owner in owners) owner.grad = View;
    }

    internal void Unbind()
    {
        foreach (var owner in owners.Where(o => !o.IsInvalid)) owner.grad = null;
    }

    internal void Forget()
    {
        IsPresent = false;
        Norm = 0;
        writesAtStart = TensorMemory.WriteCount(View);
    }

    internal void Collect()
    {
        var kept = false;
        List<Tensor>? others = null;
        foreach (var owner in owners)
        {
            var gradient = owner.grad;
            if (gradient is null) continue;
            var isOurs = TensorMemory.Pointer(gradient) == pointer;
            kept |= isOurs;
            if (isOurs) gradient.Dispose();
            else (others ??= []).Add(gradient);
        }
        IsPresent = kept && TensorMemory.WriteCount(View) != writesAtStart;
        if (!kept || others is not null) Adopt(kept, others ?? []);
    }

    // Someone took the view away (zero_grad, or backward with create_graph): what stands there instead is the gradient.
    private void Adopt(bool kept, List<Tensor> others)
    {
        if (!kept) View.fill_(GradientBuffer.Nothing);
        foreach (var gradient in others)
        {
            using var plain = gradient.detach();
            View.PlusInPlace(plain);
            gradient.Dispose();
        }
        Bind();
        if (others.Count > 0) IsPresent = true;
        else Forget();
    }

    internal void Release()
    {
        if (View is null || View.IsInvalid) return;
        Unbind();
        View.Dispose();
    }
}
