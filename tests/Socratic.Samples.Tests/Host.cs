using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Socratic.Testing;

namespace Socratic.Samples.Tests;

/// <summary>The quickstart as a person runs it: a process with an exit code, a console and a folder.</summary>
internal static class Host
{
    internal static string Samples { get; } = Path.Combine(RepositoryRoot.Path, "samples", "Quickstart");

    internal static string Model { get; } = Path.Combine(Samples, "model", "socratic-tiny-ja");

    internal static string Dialogues { get; } = Path.Combine(Samples, "quickstart-dialogues.json");

    internal sealed record Ended(int ExitCode, string Output, string Error);

    internal static Ended Run(string folder, params string[] arguments) => Ends(Start(folder, arguments));

    /// <summary>The same for samples/FineTune, with lines for its standard input.</summary>
    internal static Ended FineTune(string folder, string[] arguments, params string[] input)
        => Ends(Start(folder, arguments, Path.Combine(RepositoryRoot.Path, "samples", "FineTune"), "fine-tune", input));

    private static Ended Ends(Process started)
    {
        using var process = started;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Ended(process.ExitCode, output, error.Result);
    }

    /// <summary>Kills the process (-9) as soon as it prints a line that holds a text; gives what it printed. Null if it ended before.</summary>
    internal static string? KillAt(string folder, string text, params string[] arguments) => KillAt(Start(folder, arguments), text);

    internal static string? KillFineTuneAt(string folder, string text, string[] arguments)
        => KillAt(Start(folder, arguments, Path.Combine(RepositoryRoot.Path, "samples", "FineTune"), "fine-tune", []), text);

    private static string? KillAt(Process started, string text)
    {
        using var process = started;
        var error = process.StandardError.ReadToEndAsync();
        var output = "";
        while (process.StandardOutput.ReadLine() is { } line)
        {
            output += line + "\n";
            if (!line.Contains(text, StringComparison.Ordinal)) continue;
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            return output;
        }
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
        return null;
    }

    /// <summary>Interrupts, as Ctrl+C does, each time a line holds one of the texts, in their order; gives how it ended.</summary>
    internal static Ended InterruptAt(string folder, string[] texts, params string[] arguments)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent with kill.");
        Assert.SkipWhen(IgnoresInterrupts(), "These tests run in a shell's background, where interrupts are ignored, by the programs they start too.");
        using var process = Start(folder, arguments);
        var error = process.StandardError.ReadToEndAsync();
        var (output, next) = ("", 0);
        while (process.StandardOutput.ReadLine() is { } line)
        {
            output += line + "\n";
            if (next == texts.Length || !line.Contains(texts[next], StringComparison.Ordinal)) continue;
            next++;
            using var kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
        }
        process.WaitForExit();
        Assert.Equal(texts.Length, next);
        return new Ended(process.ExitCode, output, error.Result);
    }

    private static bool IgnoresInterrupts()
    {
        const string Key = "SigIgn:";
        const ulong Interrupt = 1 << (2 - 1);
        var line = File.Exists("/proc/self/status") ? File.ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal)) : null;
        return line is not null && (ulong.Parse(line[Key.Length..], NumberStyles.HexNumber | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture) & Interrupt) != 0;
    }

    /// <summary>A hash over the names and contents of every file below a folder; empty for a folder that does not exist.</summary>
    internal static string Hash(string folder)
    {
        if (!Directory.Exists(folder)) return "";
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var entry in Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(Path.GetRelativePath(folder, entry) + "\0"));
            if (File.Exists(entry)) hash.AppendData(File.ReadAllBytes(entry));
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static Process Start(string folder, string[] arguments) => Start(folder, arguments, Samples, "quickstart", []);

    private static Process Start(string folder, string[] arguments, string project, string program, string[] input)
    {
        var configuration = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";
        var start = new ProcessStartInfo("dotnet", [Path.Combine(project, "bin", configuration, "net10.0", program + ".dll"), .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardInputEncoding = new System.Text.UTF8Encoding(false),
        };
        start.Environment["OMP_NUM_THREADS"] = "1";
        var process = Process.Start(start)!;
        foreach (var line in input) process.StandardInput.WriteLine(line);
        process.StandardInput.Close();
        return process;
    }
}
