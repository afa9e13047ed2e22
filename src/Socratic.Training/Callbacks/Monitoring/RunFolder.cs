namespace Socratic.Training.Callbacks.Monitoring;

/// <summary>Where the files that show a run lie.</summary>
internal sealed class RunFolder
{
    public const string ProgressFolder = "training_progress";

    public RunFolder(string output, TimeProvider time)
    {
        LogPath = Path.Combine(output, RunLog.FileName);
        MetricsPath = Path.Combine(output, ProgressFolder, MetricsCsv.FileName);
        PlotPath = Path.Combine(output, ProgressFolder, ProgressPlot.FileName);
        SummaryPath = Path.Combine(output, ProgressFolder, RunSummary.FileName);
        Log = new RunLog(LogPath, time);
        Metrics = new MetricsCsv(MetricsPath);
    }

    public string LogPath { get; }

    public string MetricsPath { get; }

    public string PlotPath { get; }

    public string SummaryPath { get; }

    public RunLog Log { get; }

    public MetricsCsv Metrics { get; }

    /// <summary>A new run: what shows the run before it goes, but for the log.</summary>
    public void Begin()
    {
        Metrics.Begin();
        File.Delete(PlotPath);
        File.Delete(SummaryPath);
    }
}
