using Socratic.Training.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>
/// The gradients of all trainable parameters, side by side in one block of memory (one for each dtype and device). Each parameter's <c>grad</c> is a view of it, so
/// backward accumulates in place; a window of micro-batches is <see cref="Zero"/>, the backward passes, <see cref="Measure"/>, the optimizer's step.
/// A parameter that got no gradient in the window counts as having none, also where others did: <c>this[name]</c> is null.
/// </summary>
public sealed class GradientBuffer : IDisposable
{
    // Tensors start at multiples of a cache line.
    private const int Alignment = 64;

    internal static readonly Scalar Nothing = 0.ToScalar();

    private readonly List<Tensor> blocks = [];
    private readonly GradientSlot[] slots;
    private readonly Dictionary<string, int> indices = new(StringComparer.Ordinal);
    private readonly GradientNorms norms;
    private bool collected;

    /// <summary>Allocates the gradients, zeroed, and makes them the parameters' own. Gradients that they have are lost.</summary>
    /// <exception cref="ArgumentException">Two parameters have one name, or a parameter takes no gradient.</exception>
    public GradientBuffer(IReadOnlyList<TrainableParameter> parameters)
    {
        Parameters = parameters;
        slots = new GradientSlot[parameters.Count];
        for (var i = 0; i < slots.Length; i++)
        {
            var parameter = parameters[i];
            if (!indices.TryAdd(parameter.Name, i)) throw new ArgumentException($"Two parameters are named '{parameter.Name}'.", nameof(parameters));
            if (!parameter.Value.requires_grad) throw new ArgumentException($"Parameter '{parameter.Name}' does not require a gradient.", nameof(parameters));
            slots[i] = new GradientSlot(parameter);
        }
        using var scope = NewDisposeScope();
        foreach (var group in slots.GroupBy(s => (s.Parameter.Value.dtype, Device: s.Parameter.Value.device.ToString()))) Allocate([.. group]);
        norms = new GradientNorms(slots);
        Zero();
    }

    /// <summary>The parameters, in the order they were given.</summary>
    public IReadOnlyList<TrainableParameter> Parameters { get; }

    /// <summary>The gradient of a parameter, of its shape and dtype, or null if it got none since <see cref="Zero"/>. The buffer owns it.</summary>
    /// <exception cref="KeyNotFoundException">No parameter has this name.</exception>
    public Tensor? this[string name] => Gradient(indices.TryGetValue(name, out var i) ? i : throw new KeyNotFoundException($"No trainable parameter is named '{name}'."));

    /// <summary>The blocks that hold all gradients: one a dtype and device.</summary>
    internal IReadOnlyList<Tensor> Blocks => blocks;

    /// <summary>The names of the parameters that got no gradient since <see cref="Zero"/>.</summary>
    public IReadOnlyList<string> WithoutGradient()
    {
        Collect();
        return [.. slots.Where(s => !s.IsPresent).Select(s => s.Parameter.Name)];
    }

    /// <summary>Starts a window: all gradients are zero and none is there.</summary>
    public void Zero()
    {
        foreach (var block in blocks) block.fill_(Nothing);
        foreach (var slot in slots) slot.Forget();
        collected = false;
    }

    /// <summary>Ends a window: finds which parameters got a gradient, and their norm.</summary>
    public GradientNorm Measure()
    {
        collected = false;
        Collect();
        return norms.Measure();
    }

    /// <summary>Multiplies every gradient in place, rounding in its own dtype.</summary>
    public void Scale(double factor)
    {
        if (factor == 1) return;
        Collect();
        using var scope = NewDisposeScope();
        using var gradient = no_grad();
        foreach (var block in blocks) block.TimesInPlace(factor);
    }

    /// <summary>After <see cref="Measure"/> gave a norm that is not finite: the first parameter whose gradient is to blame.</summary>
    public string? FirstNonFinite() => Array.Find(slots, s => s.IsPresent && !double.IsFinite(s.Norm))?.Parameter.Name
        ?? slots.Where(s => s.IsPresent).MaxBy(s => s.Norm)?.Parameter.Name;

    /// <summary>The place of a parameter among <see cref="Parameters"/>, or -1.</summary>
    internal int IndexOf(string name) => indices.GetValueOrDefault(name, -1);

    /// <summary>Takes the gradients that are not there away from their parameters, for optimizers that look at <c>grad</c>, until <see cref="ShowAbsent"/>.</summary>
    internal void HideAbsent()
    {
        Collect();
        foreach (var slot in slots) if (!slot.IsPresent) slot.Unbind();
    }

    /// <summary>Gives every parameter its part of the buffer again.</summary>
    internal void ShowAbsent()
    {
        foreach (var slot in slots) if (!slot.IsPresent) slot.Bind();
    }

    internal Tensor? Gradient(int index)
    {
        Collect();
        return slots[index].IsPresent ? slots[index].View : null;
    }

    /// <summary>Takes the gradients away from the parameters and frees them.</summary>
    public void Dispose()
    {
        foreach (var slot in slots) slot.Release();
        foreach (var block in blocks) block.Dispose();
        blocks.Clear();
    }

    private void Allocate(IReadOnlyList<GradientSlot> group)
    {
        var (dtype, device) = (group[0].Parameter.Value.dtype, group[0].Parameter.Value.device);
        var step = Alignment / group[0].Parameter.Value.element_size();
        var starts = new long[group.Count];
        var total = 0L;
        for (var i = 0; i < starts.Length; i++)
        {
            starts[i] = total;
            total += (group[i].Parameter.Value.numel() + step - 1) / step * step;
        }
        var block = zeros(total, dtype, device).DetachFromDisposeScope();
        blocks.Add(block);
        for (var i = 0; i < starts.Length; i++) group[i].Attach(block, starts[i]);
    }

    private void Collect()
    {
        if (collected) return;
        collected = true;
        foreach (var slot in slots) slot.Collect();
    }
}
