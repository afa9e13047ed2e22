using Socratic.Training.Lora.Combining;
using Socratic.Training.Lora.Config;
using Socratic.Training.Lora.Parts;
using static TorchSharp.torch;

namespace Socratic.Training.Lora;

public sealed partial class LoraAdapters
{
    /// <summary>
    /// Makes a new adapter, of scale 1, of several others with weights. It is not switched on, and the others stay. (PEFT lets it inherit rsLoRA from the
    /// first, which gives it the wrong scale; ours does not.)
    /// </summary>
    /// <param name="name">The new adapter's name.</param>
    /// <param name="weights">The others, plain LoRA without biases or modules trained in full, and their weights.</param>
    /// <param name="kind">How they are put together; a single one is only scaled.</param>
    /// <param name="rank">For <see cref="CombinationKind.SingularValues"/>: the new rank; null takes the largest there is.</param>
    /// <exception cref="ArgumentException">The name is in use, there is no such adapter, or these cannot be put together so; the message says why.</exception>
    public LoraAdapter AddWeighted(string name, IReadOnlyDictionary<string, double> weights, CombinationKind kind, int? rank = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        if (!Enum.IsDefined(kind)) throw new ArgumentOutOfRangeException(nameof(kind), kind, $"Expected one of {string.Join(", ", Enum.GetNames<CombinationKind>())}.");
        if (weights.Count == 0) throw new ArgumentException("There is nothing to combine.", nameof(weights));
        var terms = weights.Select(w => (Adapter: Find(w.Key), Weight: w.Value)).ToArray();
        foreach (var (adapter, weight) in terms)
        {
            if (!double.IsFinite(weight)) throw new ArgumentException($"The weight of '{adapter.Name}' is {weight}; expected a finite number.", nameof(weights));
            if (!adapter.IsPlain) throw new ArgumentException($"'{adapter.Name}' is more than A and B beside layers (DoRA, biases, modules or tokens trained in full), which cannot be summed.", nameof(weights));
        }
        if (terms.Length == 1) kind = CombinationKind.Linear;
        var newRank = RankOf([.. terms.Select(t => t.Adapter)], kind, rank);
        var first = terms[0].Adapter.Options;
        var config = AdapterConfig.Create(first with
        {
            Rank = newRank, Alpha = newRank, UseRsLora = false, TargetModules = Union([.. terms.Select(t => t.Adapter.Options.TargetModules!)]), LayersToTransform = null, LayersPattern = null,
            RankPattern = new Dictionary<string, int>(), AlphaPattern = new Dictionary<string, double>(), Initialization = LoraInitialization.Default,
        });
        CheckNew(name, config);
        var plan = AdapterPlan.Make(config, Host);
        return Add(name, plan, [.. plan.Parts.Select(part => part.Create(Combined(part, terms, kind, newRank)))], trainable: true, isOn: false);
    }

    private static int RankOf(IReadOnlyList<LoraAdapter> adapters, CombinationKind kind, int? rank)
    {
        var ranks = adapters.SelectMany(a => a.Layers.Select(l => l.Rank)).Distinct().ToArray();
        if (kind == CombinationKind.Linear && ranks.Length > 1)
            throw new ArgumentException($"The ranks differ ({string.Join(", ", ranks)}), so the adapters cannot be summed linearly; use {CombinationKind.Concatenate} or {CombinationKind.SingularValues}.");
        if (kind != CombinationKind.SingularValues) return kind == CombinationKind.Linear ? ranks[0] : adapters.Sum(a => a.Layers.Max(l => l.Rank));
        if (rank is < 1) throw new ArgumentOutOfRangeException(nameof(rank), rank, "Expected at least 1.");
        return rank ?? ranks.Max();
    }

    private static TargetModules Union(IReadOnlyList<TargetModules> targets)
    {
        if (targets.All(t => t.Pattern is null)) return TargetModules.Create([.. targets.SelectMany(t => t.Names).Distinct()]);
        return targets.All(t => t.Pattern is not null) ? string.Join('|', targets.Select(t => $"({t.Pattern})"))
            : throw new ArgumentException("Some adapters name their targets in a list and some by a pattern, so their union cannot be written.");
    }

    private static Tensor?[] Combined(PlannedPart part, IReadOnlyList<(LoraAdapter Adapter, double Weight)> terms, CombinationKind kind, int rank)
    {
        var specs = part.Tensors.ToArray();
        var here = terms.Select(t => t.Adapter.FactorsAt(part.Path, t.Weight)).OfType<Factors>().ToArray();
        var values = new Tensor?[specs.Length];
        if (kind == CombinationKind.SingularValues && specs.Take(2).Any(s => s.Shape.Max() < rank))
            throw new ArgumentException($"Rank {rank} is larger than the layer '{part.Path}'.");
        (values[0], values[1]) = here.Length == 0
            ? (zeros(specs[0].Shape.ToArray(), ScalarType.Float32), zeros(specs[1].Shape.ToArray(), ScalarType.Float32))
            : Factors.Combine(here, kind, rank);
        return values;
    }
}
