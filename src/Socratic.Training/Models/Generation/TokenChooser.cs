using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Models.Generation;

/// <summary>Chooses the next token of each row.</summary>
internal sealed class TokenChooser(GenerationOptions options) : IDisposable
{
    private readonly LogitsFilter filter = new(options);
    private readonly Random random = options.Seed is { } seed ? new Random(seed) : new Random();
    private Tensor? seen;

    /// <summary>Notes the prompts' tokens.</summary>
    public void Begin(IReadOnlyList<IReadOnlyList<int>> prompts, long vocabulary, Device device)
    {
        if (!filter.UsesSeenTokens) return;
        var marks = new bool[prompts.Count * vocabulary];
        for (var row = 0; row < prompts.Count; row++)
            foreach (var id in prompts[row]) marks[row * vocabulary + id] = true;
        seen = tensor(marks, [prompts.Count, vocabulary], device: device).DetachFromDisposeScope();
    }

    /// <summary>The next ids, from logits [rows, vocabulary].</summary>
    public long[] Choose(Tensor logits)
    {
        using var scope = NewDisposeScope();
        var filtered = filter.Apply(logits.to(ScalarType.Float32), seen);
        var chosen = options.Temperature == 0 ? filtered.argmax(-1) : Draw(filtered);
        using (var taken = seen is null ? null : ones([chosen.shape[0], 1], ScalarType.Bool, chosen.device)) seen?.scatter_(1, chosen.unsqueeze(1), taken!);
        return chosen.cpu().data<long>().ToArray();
    }

    /// <summary>Keeps the given rows only.</summary>
    public void Select(Tensor rows)
    {
        if (seen is null) return;
        var kept = seen.index_select(0, rows).DetachFromDisposeScope();
        seen.Dispose();
        seen = kept;
    }

    public void Dispose() => seen?.Dispose();

    /// <summary>By the inverse of the cumulated probabilities, with one number a row from the generation's own source.</summary>
    private Tensor Draw(Tensor logits)
    {
        var shares = logits.softmax(-1, ScalarType.Float64).cumsum(-1);
        var points = new double[logits.shape[0]];
        for (var row = 0; row < points.Length; row++) points[row] = random.NextDouble();
        var at = tensor(points, [points.Length, 1], device: logits.device) * shares.narrow(1, shares.shape[1] - 1, 1);
        using var last = (shares.shape[1] - 1).ToScalar();
        return searchsorted(shares, at, right: true).squeeze(1).clamp_max_(last);
    }
}
