using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>An optimizer that treats each parameter by itself, with state of its own and its own count of steps.</summary>
public abstract class ParameterOptimizer : IOptimizer
{
    private readonly OptimizerSlot[] slots;
    private Tensor? steps;
    private Dictionary<string, Tensor>? state;
    private GradientBuffer? known;

    private protected ParameterOptimizer(IReadOnlyList<OptimizerGroup> groups)
    {
        Groups = groups;
        slots = [.. groups.SelectMany(g => g.Parameters.Select(p => new OptimizerSlot(p, g)))];
        var twice = slots.GroupBy(s => s.Parameter.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null) throw new ArgumentException($"Parameter '{twice.Key}' is in the groups more than once.", nameof(groups));
    }

    /// <inheritdoc/>
    public IReadOnlyList<OptimizerGroup> Groups { get; }

    /// <inheritdoc/>
    public void Step(GradientBuffer gradients, double scale = 1)
    {
        if (!double.IsFinite(scale)) throw new ArgumentOutOfRangeException(nameof(scale), scale, "Gradients cannot be scaled by this; the update has to be left out.");
        EnsureState();
        Find(gradients);
        var due = new List<OptimizerSlot>(slots.Length);
        foreach (var slot in slots)
        {
            slot.Gradient = gradients.Gradient(slot.Index);
            if (slot.Gradient is null) continue;
            slot.Steps++;
            due.Add(slot);
        }
        using (no_grad()) Update(due, scale);
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> StateTensors()
    {
        EnsureState();
        var counts = steps!.data<long>();
        for (var i = 0; i < slots.Length; i++) counts[i] = slots[i].Steps;
        return state!;
    }

    /// <inheritdoc/>
    public void LoadState(IReadOnlyDictionary<string, Tensor> state)
    {
        EnsureState();
        StateCheck.Same(this.state!, state);
        using (no_grad())
        {
            foreach (var (name, tensor) in this.state!) tensor.copy_(state[name]);
        }
        var counts = steps!.data<long>();
        for (var i = 0; i < slots.Length; i++) slots[i].Steps = counts[i];
    }

    /// <summary>Frees the state. The parameters stay.</summary>
    public void Dispose()
    {
        if (state is not null)
        {
            foreach (var tensor in state.Values) tensor.Dispose();
        }
        steps?.Dispose();
        state = null;
        steps = null;
        GC.SuppressFinalize(this);
    }

    /// <summary>The kinds of state that every parameter has, each a new zero tensor (or whatever the optimizer starts from), in the order in which an update finds them.</summary>
    private protected abstract (string Kind, Tensor Value)[] CreateState(Tensor parameter);

    /// <summary>Updates the parameters that have a gradient; their steps are counted already.</summary>
    private protected virtual void Update(IReadOnlyList<OptimizerSlot> due, double scale)
    {
        foreach (var slot in due)
        {
            using var scope = NewDisposeScope();
            Update(slot, scale == 1 ? slot.Gradient! : slot.Gradient!.Times(scale));
        }
    }

    /// <summary>Updates one parameter by torch operators, inside a dispose scope.</summary>
    private protected abstract void Update(OptimizerSlot slot, Tensor gradient);

    private void EnsureState()
    {
        if (state is not null) return;
        var created = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        steps = zeros(slots.Length, ScalarType.Int64).DetachFromDisposeScope();
        for (var i = 0; i < slots.Length; i++)
        {
            var (slot, name) = (slots[i], slots[i].Parameter.Name);
            var kinds = CreateState(slot.Parameter.Value);
            slot.State = [.. kinds.Select(k => k.Value.DetachFromDisposeScope())];
            foreach (var (kind, value) in kinds) created.Add($"{name}.{kind}", value);
            created.Add($"{name}.step", steps.select(0, i).DetachFromDisposeScope());
        }
        state = created;
    }

    private void Find(GradientBuffer gradients)
    {
        if (ReferenceEquals(known, gradients)) return;
        foreach (var slot in slots)
        {
            slot.Index = gradients.IndexOf(slot.Parameter.Name);
            if (slot.Index < 0) throw new ArgumentException($"The gradient buffer knows no parameter '{slot.Parameter.Name}'.", nameof(gradients));
        }
        known = gradients;
    }
}
