using System.Text;
using Socratic.Training.Diagnostics;
using Socratic.Training.Files;

namespace Socratic.Training.Callbacks.Monitoring;

/// <summary>
/// training_metrics.csv: one line an update that was logged or evaluated, in order of the updates. A line is written the moment it is known; an evaluation of the same update
/// completes it in place by one write, so that a process killed at any moment leaves whole lines up to its last checkpoint.
/// </summary>
internal sealed class MetricsCsv(string path)
{
    public const string FileName = "training_metrics.csv";

    private MetricsRow? last;
    private long lastStart;

    /// <summary>A new run: an old file is replaced by an empty one.</summary>
    public void Begin() => Rewrite([]);

    /// <summary>
    /// Goes on after a checkpoint: lines past its update, doubled and broken ones go; what the log history knows and the file lacks is added.
    /// </summary>
    /// <returns>How many lines went.</returns>
    public int Resume(int step, IReadOnlyList<LogEntry> history)
    {
        var rows = new SortedDictionary<int, MetricsRow>();
        foreach (var entry in history.Where(e => e.Step <= step))
            if (MetricsRow.Of(entry, null) is { } known) Merge(rows, known);
        var lines = File.Exists(path) ? File.ReadAllLines(path).Where(l => l.Length > 0 && l != MetricsRow.Header).ToList() : [];
        var kept = 0;
        foreach (var line in lines)
        {
            if (MetricsRow.Parse(line) is not { } row || row.Step > step) continue;
            kept++;
            Merge(rows, row);
        }
        Rewrite([.. rows.Values]);
        return lines.Count - kept;
    }

    /// <summary>Takes in a log entry.</summary>
    public void Add(LogEntry entry, MemoryFigures memory)
    {
        if (MetricsRow.Of(entry, memory) is not { } row) return;
        if (!File.Exists(path)) Rewrite(last is null ? [] : [last]);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        if (last?.Step == row.Step) row = last.With(row);
        else lastStart = file.Length;
        file.Seek(Math.Min(lastStart, file.Length), SeekOrigin.Begin);
        file.Write(Encoding.UTF8.GetBytes(row.Text + "\n"));
        file.SetLength(file.Position);
        last = row;
    }

    private void Rewrite(IReadOnlyList<MetricsRow> rows)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var text = new StringBuilder(MetricsRow.Header).Append('\n');
        lastStart = text.Length;
        foreach (var row in rows)
        {
            lastStart = text.Length;
            text.Append(row.Text).Append('\n');
        }
        last = rows.Count == 0 ? null : rows[^1];
        AtomicFile.WriteText(path, text.ToString());
    }

    private static void Merge(SortedDictionary<int, MetricsRow> rows, MetricsRow row) => rows[row.Step] = rows.TryGetValue(row.Step, out var before) ? before.With(row) : row;
}
