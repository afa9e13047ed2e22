using System.Diagnostics;
using Socratic.Testing;

namespace Socratic.Training.Lora.Tests.RoundTrip;

/// <summary>The reference stack (PEFT in Python), for comparison only: tests that need it are skipped where it is not.</summary>
internal static class Peers
{
    private static readonly string Folder = Environment.GetEnvironmentVariable("SOCRATIC_PEERS") is { Length: > 0 } given
        ? given : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "socratic-peers");

    /// <summary>The script that asks PEFT about files we wrote; the test is skipped if it or PEFT is not there.</summary>
    public static string Script()
    {
        Require();
        Assert.SkipWhen(RepositoryRoot.Shared is null, "the scripts of the reference values are not here");
        return Path.Combine(RepositoryRoot.Shared!, "golden", "make", "verify_with_peft.py");
    }

    /// <summary>Skips the test if PEFT is not there.</summary>
    public static void Require() => Assert.SkipUnless(Directory.Exists(Path.Combine(Folder, "peft")), "PEFT is not here (SOCRATIC_PEERS)");

    /// <summary>Runs a Python program that reads <paramref name="input"/>; what it printed.</summary>
    public static string Run(string program, string input)
    {
        var start = new ProcessStartInfo("python3", ["-c", program]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in new[] { ("PYTHONPATH", Folder), ("HF_HUB_OFFLINE", "1"), ("PYTHONWARNINGS", "ignore"), ("PYTHONDONTWRITEBYTECODE", "1") }) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : $"{output}\n{errors.Result}";
    }
}
