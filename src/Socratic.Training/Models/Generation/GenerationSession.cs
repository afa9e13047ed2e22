using Socratic.Training.Data;
using Socratic.Training.Layers;
using static TorchSharp.torch;

namespace Socratic.Training.Models.Generation;

/// <summary>
/// Continues a few prompts side by side, padded on the left, with the keys and values of earlier positions kept. Rows that have ended leave the batch
/// once they are half of it.
/// </summary>
internal sealed class GenerationSession : IDisposable
{
    private readonly IGenerationNetwork network;
    private readonly GenerationOptions options;
    private readonly HashSet<int> stops;
    private readonly TokenChooser chooser;
    private readonly List<LayerCache> caches;
    private readonly List<int>[] answers;
    private readonly int[] lengths;
    private List<int> rows;
    private long[] last = [];
    private int steps;

    public GenerationSession(IGenerationNetwork network, IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions options, IReadOnlyList<int> stops)
    {
        this.network = network;
        this.options = options;
        this.stops = [.. stops];
        Prompts = prompts;
        lengths = [.. prompts.Select(p => p.Count)];
        Width = lengths.Max();
        answers = [.. prompts.Select(_ => new List<int>())];
        rows = [.. Enumerable.Range(0, prompts.Count)];
        chooser = new TokenChooser(options);
        caches = [.. Enumerable.Range(0, network.LayerCount).Select(_ => new LayerCache(Width + Math.Min(options.MaxNewTokens, 64)))];
    }

    public IReadOnlyList<IReadOnlyList<int>> Prompts { get; }

    /// <summary>New ids of each prompt so far, the stop id included.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Answers => answers;

    /// <summary>Told the step, the prompts still in the batch and their raw logits [rows, vocabulary]; for tests.</summary>
    public Action<int, IReadOnlyList<int>, Tensor>? Observe { get; init; }

    private int Width { get; }

    private bool IsOpen(int prompt) => answers[prompt].Count < options.MaxNewTokens && (answers[prompt].Count == 0 || !stops.Contains(answers[prompt][^1]));

    /// <summary>One more token for every open prompt; false when none is open.</summary>
    public bool Step()
    {
        if (!rows.Exists(IsOpen)) return false;
        using var none = no_grad();
        using var scope = NewDisposeScope();
        if (steps == 0) chooser.Begin(Prompts, network.VocabularySize, network.Device);
        else Compact();
        var logits = steps == 0
            ? network.NextLogits(PromptIds(), Layout(), 0, caches)
            : network.NextLogits(tensor(last, [last.Length, 1], device: network.Device), Layout(), Width + steps - 1, caches);
        Observe?.Invoke(steps, rows, logits);
        last = chooser.Choose(logits);
        for (var i = 0; i < rows.Count; i++)
            if (IsOpen(rows[i])) answers[rows[i]].Add((int)last[i]);
        steps++;
        return true;
    }

    public void Dispose()
    {
        foreach (var cache in caches) cache.Dispose();
        chooser.Dispose();
    }

    private AttentionLayout Layout() => AttentionLayout.PaddedLeft(Width + steps, [.. rows.Select(r => lengths[r] + steps)]);

    private Tensor PromptIds()
    {
        var ids = new long[rows.Count * Width];
        Array.Fill(ids, network.PaddingId);
        for (var row = 0; row < rows.Count; row++)
            for (var (i, prompt) = (0, Prompts[rows[row]]); i < prompt.Count; i++) ids[(row + 1) * Width - prompt.Count + i] = prompt[i];
        return tensor(ids, [rows.Count, Width], device: network.Device);
    }

    private void Compact()
    {
        var open = Enumerable.Range(0, rows.Count).Where(i => IsOpen(rows[i])).ToList();
        if (open.Count * 2 > rows.Count) return;
        var kept = tensor(open.ConvertAll(i => (long)i).ToArray(), device: network.Device);
        foreach (var cache in caches) cache.Select(kept);
        chooser.Select(kept);
        last = [.. open.Select(i => last[i])];
        rows = open.ConvertAll(i => rows[i]);
    }
}
