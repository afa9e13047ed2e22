using System.Globalization;
using System.Text;

namespace Socratic.Training.Callbacks.Monitoring;

/// <summary>
/// training_log.txt: what happened, in lines <c>yyyy-MM-dd HH:mm:ss - LEVEL - message</c> of local time. Each message is on the disk's queue before the call returns,
/// so it is there after a crash. A run that goes on, or begins anew in the folder, appends.
/// </summary>
internal sealed class RunLog(string path, TimeProvider time)
{
    public const string FileName = "training_log.txt";

    public void Info(string message) => Write("INFO", message);

    public void Warning(string message) => Write("WARNING", message);

    public void Error(string message) => Write("ERROR", message);

    /// <summary>The time, the kind, the rows that failed and the last dialogue that trained: what is needed to find the row that breaks a run.</summary>
    public void Error(in ErrorEvent e)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{e.Kind} at {TimeZoneInfo.ConvertTime(e.Time, time.LocalTimeZone):yyyy-MM-dd HH:mm:ss}, after update {e.State.GlobalStep} of {e.State.MaxSteps}: {e.Exception.Message}");
        text.AppendLine(e.FailingRows.Count == 0 ? "Rows of the failing micro-batch: none was being worked on" : $"Rows of the failing micro-batch: {string.Join(", ", e.FailingRows)}");
        if (e.FailingDialogue is not null) text.AppendLine("First of these rows:").AppendLine(e.FailingDialogue);
        text.AppendLine(e.LastDialogue is null ? "Last dialogue that trained: none" : "Last dialogue that trained:");
        if (e.LastDialogue is not null) text.AppendLine(e.LastDialogue);
        text.Append(e.Exception);
        Error(text.ToString());
    }

    private void Write(string level, string message)
    {
        var now = time.GetLocalNow().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        var lines = new StringBuilder();
        foreach (var line in message.ReplaceLineEndings("\n").Split('\n')) lines.Append(now).Append(" - ").Append(level).Append(" - ").Append(line).Append('\n');
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // Others may read it meanwhile, and a killed predecessor may have left half a line.
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var torn = EndsInsideLine(file);
        file.Seek(0, SeekOrigin.End);
        file.Write(Encoding.UTF8.GetBytes(torn ? "\n" + lines : lines.ToString()));
    }

    private static bool EndsInsideLine(FileStream file)
    {
        if (file.Length == 0) return false;
        file.Seek(-1, SeekOrigin.End);
        return file.ReadByte() != '\n';
    }
}
