using System.Globalization;
using Socratic.Training.Diagnostics;
using Socratic.Training.Evaluation;

namespace Socratic.Training.Callbacks.Monitoring;

/// <summary>One line of training_metrics.csv: what is known of one update. What is not known is empty.</summary>
internal sealed record MetricsRow(int Step, IReadOnlyDictionary<string, string> Cells)
{
    public const string Header = "step,epoch,loss,learning_rate,gradient_norm,eval_loss,style_consistency,dialogue_flow,combined_score,gpu_memory_bytes,gpu_memory_percent,host_memory_bytes";

    private static readonly string[] Columns = Header.Split(',');

    /// <summary>The line without its end.</summary>
    public string Text => string.Join(',', Columns.Select(c => Cells.GetValueOrDefault(c, "")));

    /// <summary>The row of a log entry; null for an entry that has none (the closing figures, an evaluation of other data).</summary>
    public static MetricsRow? Of(LogEntry entry, MemoryFigures? memory)
    {
        var cells = new Dictionary<string, string> { ["step"] = Number(entry.Step), ["epoch"] = Number(entry.Epoch) };
        switch (entry)
        {
            case TrainingLogEntry training:
                cells["loss"] = Number(training.Loss);
                cells["learning_rate"] = Number(training.LearningRate);
                if (training.GradientNorm is { } norm) cells["gradient_norm"] = Number(norm);
                break;
            case EvaluationLogEntry { Prefix: "eval" } evaluation:
                if (evaluation.ValueOf("loss") is { } loss) cells["eval_loss"] = Number(loss);
                foreach (var name in new[] { StyleMetricNames.StyleConsistency, StyleMetricNames.DialogueFlow, StyleMetricNames.CombinedScore })
                    if (evaluation.ValueOf(name) is { } value) cells[name] = Number(value);
                break;
            default:
                return null;
        }
        if (memory is { } figures)
        {
            cells["host_memory_bytes"] = Number(figures.HostBytes);
            if (figures.GpuBytes is { } used) cells["gpu_memory_bytes"] = Number(used);
            if (figures.GpuPercent is { } percent) cells["gpu_memory_percent"] = percent.ToString("0.##", CultureInfo.InvariantCulture);
        }
        return new MetricsRow(entry.Step, cells);
    }

    /// <summary>A line read back; null if it is none of ours (cut off, or of other columns).</summary>
    public static MetricsRow? Parse(string line)
    {
        var cells = line.Split(',');
        if (cells.Length != Columns.Length || !int.TryParse(cells[0], NumberStyles.None, CultureInfo.InvariantCulture, out var step)) return null;
        foreach (var cell in cells)
            if (cell.Length > 0 && !double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out _)) return null;
        return new MetricsRow(step, Columns.Zip(cells).Where(c => c.Second.Length > 0).ToDictionary(c => c.First, c => c.Second));
    }

    /// <summary>Both rows of one update in one: what <paramref name="later"/> knows stands.</summary>
    public MetricsRow With(MetricsRow later)
    {
        var cells = new Dictionary<string, string>(Cells);
        foreach (var (column, cell) in later.Cells) cells[column] = cell;
        return new MetricsRow(later.Step, cells);
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
