using Socratic.Training.Lora.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Sites;

/// <summary>Which trained rows of a table are on, and their merging: what the two sides of an embedding have in common.</summary>
internal sealed class TokenRowsState
{
    private readonly Dictionary<string, TrainedRows> all = new(StringComparer.Ordinal);
    private readonly HashSet<string> borrowed = new(StringComparer.Ordinal);
    private readonly List<string> merged = [];
    private IReadOnlyList<string> activeNames = [];
    private Tensor? original;

    public bool IsEmpty => all.Count == 0;

    /// <summary>Those that are on, not merged ones.</summary>
    public IReadOnlyList<TrainedRows> Active { get; private set; } = [];

    public IReadOnlyCollection<string> Names => all.Keys;

    /// <summary>Adds rows; those of a tied embedding are not owned, and it is the embedding's side that merges them.</summary>
    public void Add(string name, TrainedRows rows, bool isOwner = true)
    {
        all.Add(name, rows);
        if (!isOwner) borrowed.Add(name);
    }

    /// <summary>Takes rows away and disposes them, if they are owned, once <paramref name="unregister"/> has let go of them.</summary>
    public void Remove(string name, Action<TrainedRows> unregister)
    {
        if (!all.Remove(name, out var rows)) return;
        SetActive(activeNames);
        if (borrowed.Remove(name)) return;
        unregister(rows);
        rows.Dispose();
    }

    public void SetActive(IReadOnlyList<string> names)
    {
        activeNames = names;
        Active = [.. names.Where(n => !merged.Contains(n)).Select(n => all.GetValueOrDefault(n)).OfType<TrainedRows>()];
    }

    /// <summary>Writes the rows into <paramref name="table"/>.</summary>
    public void Merge(IReadOnlyList<string> names, Parameter table, string path)
    {
        var added = names.Where(n => all.ContainsKey(n) && !merged.Contains(n)).ToArray();
        if (added.Length == 0) return;
        using var none = no_grad();
        foreach (var name in added) MergedWeight.Checked(all[name].Rows, path);
        if (!added.All(borrowed.Contains)) original ??= table.detach().clone().DetachFromDisposeScope();
        foreach (var name in added.Where(n => !borrowed.Contains(n)))
        {
            using var rows = all[name].Rows.to(table.dtype);
            table.index_copy_(0, all[name].Ids, rows);
        }
        merged.AddRange(added);
        SetActive(activeNames);
    }

    public void Unmerge(Parameter table)
    {
        if (merged.Count == 0) return;
        using var none = no_grad();
        if (original is not null) table.copy_(original);
        Forget();
        SetActive(activeNames);
    }

    /// <summary>Forgets what the table was, so that it stays as it is.</summary>
    public void Forget()
    {
        original?.Dispose();
        original = null;
        merged.Clear();
    }
}
