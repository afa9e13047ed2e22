using System.Globalization;
using System.Text.RegularExpressions;

namespace Socratic.Training.Quantization.Tests.Kernels.Compiled;

/// <summary>What ptxas says that one kernel takes.</summary>
internal sealed partial record KernelResources(int Registers, int Shared, int Stack, int Spills)
{
    /// <summary>Reads the log of <c>--ptxas-options=-v</c>.</summary>
    internal static Dictionary<string, KernelResources> Read(string log)
    {
        var found = new Dictionary<string, KernelResources>(StringComparer.Ordinal);
        foreach (var part in log.Split("Compiling entry function")[1..])
        {
            var name = Quoted().Match(part).Groups[1].Value;
            found[name] = new(Number(Registers_(), part), Number(Shared_(), part), Number(Stack_(), part), Number(Stores(), part) + Number(Loads(), part));
        }
        return found;
    }

    /// <summary>Warps a multiprocessor holds at once over the 64 it could, on sm_80 and sm_90 (65,536 registers given out by 256 a warp; 1 KiB of shared memory is the system's in each block).</summary>
    internal double Occupancy(int architecture, int threads)
    {
        var warps = threads / 32;
        var byRegisters = 65536 / ((Registers * 32 + 255) / 256 * 256) / 4 * 4 / warps;
        var byShared = (architecture == 80 ? 164 : 228) * 1024 / ((Shared + 1024 + 127) / 128 * 128);
        return Math.Min(Math.Min(byRegisters, byShared), Math.Min(64 / warps, 32)) * warps / 64.0;
    }

    private static int Number(Regex pattern, string text) => pattern.Match(text) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex Registers_();

    [GeneratedRegex(@"(\d+) bytes smem")]
    private static partial Regex Shared_();

    [GeneratedRegex(@"(\d+) bytes stack frame")]
    private static partial Regex Stack_();

    [GeneratedRegex(@"(\d+) bytes spill stores")]
    private static partial Regex Stores();

    [GeneratedRegex(@"(\d+) bytes spill loads")]
    private static partial Regex Loads();
}
