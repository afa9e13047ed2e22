using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Socratic.Testing.Golden;

/// <summary>
/// Runs the check of a case and appends its outcome to the file named by <c>SOCRATIC_GOLDEN_REPORT</c>
/// (one JSON line a case: area, case, outcome, reason), under an exclusive lock file: several test assemblies may run at once.
/// </summary>
public static class GoldenReport
{
    // How Assert.Skip marks its exception; xunit's own constant is internal.
    private const string SkipToken = "$XunitDynamicSkip$";

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Run(string area, string name, Action check)
    {
        try
        {
            check();
        }
        catch (Exception e)
        {
            var skipped = e.Message.StartsWith(SkipToken, StringComparison.Ordinal);
            Append(area, name, skipped ? "skipped" : "failed", e.Message.Replace(SkipToken, "", StringComparison.Ordinal));
            throw;
        }
        Append(area, name, "passed", "");
    }

    private static void Append(string area, string name, string outcome, string reason)
    {
        var path = Environment.GetEnvironmentVariable("SOCRATIC_GOLDEN_REPORT");
        if (string.IsNullOrEmpty(path)) return;
        var line = JsonSerializer.Serialize(new Dictionary<string, string> { ["area"] = area, ["case"] = name, ["outcome"] = outcome, ["reason"] = reason }, Plain);
        using var mutex = Lock(path + ".lock");
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        file.Write(Encoding.UTF8.GetBytes(line + "\n"));
    }

    private static FileStream Lock(string path)
    {
        var patience = DateTime.UtcNow.AddSeconds(60);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
            }
            catch (IOException) when (DateTime.UtcNow < patience)
            {
                Thread.Sleep(5);
            }
        }
    }
}
