using System.Diagnostics;

namespace Socratic.Benchmarks.Peers;

/// <summary>
/// A reference implementation in a Python process of its own that waits between its turns: each line written to it is a task, each line read back the result.
/// What sets its environment up is <c>../shared/peers/setup.sh</c>, or the file that SOCRATIC_PEERS names.
/// </summary>
internal sealed class PeerProcess : IDisposable
{
    private readonly Process process;

    public PeerProcess(string script, params string[] arguments)
    {
        var setup = Setup() ?? throw new FileNotFoundException("The reference implementations are not at hand: SOCRATIC_PEERS must name their setup.sh.");
        var start = new ProcessStartInfo("bash") { RedirectStandardInput = true, RedirectStandardOutput = true };
        string[] words = ["-c", "eval \"$($0)\"; exec python3 -u \"$@\"", setup, Path.Combine(AppContext.BaseDirectory, "Peers", script), .. arguments];
        foreach (var word in words) start.ArgumentList.Add(word);
        process = Process.Start(start)!;
    }

    public static string? Setup()
    {
        if (Environment.GetEnvironmentVariable("SOCRATIC_PEERS") is { Length: > 0 } named) return named;
        for (var folder = new DirectoryInfo(Environment.CurrentDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "shared", "peers", "setup.sh") is var file && File.Exists(file)) return file;
        return null;
    }

    public string Ask(string task)
    {
        process.StandardInput.WriteLine(task);
        process.StandardInput.Flush();
        return process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The reference process ended with code {process.ExitCode} (asked: {task}).");
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        if (!process.WaitForExit(10_000)) process.Kill(entireProcessTree: true);
        process.Dispose();
    }
}
