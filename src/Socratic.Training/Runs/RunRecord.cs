using Socratic.Training.Files;

namespace Socratic.Training.Runs;

/// <summary>
/// <c>socratic_run.json</c> at the output folder's root: written last of all, it says that the run there is complete, its final files with it.
/// A run that begins takes it away first. (A checkpoint of the last update does not say that much: the final files come after it.)
/// </summary>
internal sealed record RunRecord
{
    public const string FileName = "socratic_run.json";

    /// <summary>The form of the file.</summary>
    public int Format { get; init; } = 1;

    /// <summary>Updates finished: fewer than <see cref="MaxSteps"/> where a callback ended the run.</summary>
    public required int GlobalStep { get; init; }

    /// <summary>Updates the run was to have.</summary>
    public required int MaxSteps { get; init; }

    /// <summary>Epochs finished.</summary>
    public required double Epoch { get; init; }

    /// <summary>The best value of the metric that chooses the best model, if there was one.</summary>
    public double? BestMetric { get; init; }

    /// <summary>When the run was complete.</summary>
    public required DateTimeOffset Completed { get; init; }

    /// <summary>The record in a folder; null if there is none that can be read.</summary>
    public static RunRecord? Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            return SettingsJson.FromNode<RunRecord>(SettingsJson.Read(path), path) is { Format: 1 } record ? record : null;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            // Whoever reads this wants to know whether a run is complete: an unreadable record does not say so.
            return null;
        }
    }

    public void Write(string folder) => AtomicFile.WriteText(Path.Combine(folder, FileName), SettingsJson.Text(SettingsJson.ToObject(this)));

    public static void Delete(string folder) => File.Delete(Path.Combine(folder, FileName));
}
