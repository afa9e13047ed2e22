using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Socratic.Benchmarks.Peers;
using Socratic.Training.Quantization;
using Socratic.Training.Quantization.Codec;
using static TorchSharp.torch;

namespace Socratic.Benchmarks.Verbs;

/// <summary>The 4-bit codec on the processor, bfloat16 and nested scales, beside bitsandbytes' operators and a copy of the result, all into memory that is there.</summary>
internal static class Nf4
{
    private const int CallsATurn = 5;

    private sealed record Work(string Name, int Threads, double Bytes, Action Ours, bool HasPeer = true)
    {
        public List<double> OurSeconds { get; } = [];

        /// <summary>Into memory that it has already, as ours.</summary>
        public List<double> PeerSeconds { get; } = [];

        /// <summary>As it runs by itself: into memory that the system gives it at each call.</summary>
        public List<double> FreshSeconds { get; } = [];

        public double Ours1 => Report.Median(OurSeconds);

        public double Ratio => Report.Median(PeerSeconds) / Ours1;

        public double FreshRatio => Report.Median(FreshSeconds) / Ours1;
    }

    public static Command Command()
    {
        var rows = new Option<int>("--rows") { DefaultValueFactory = _ => 9216 };
        var columns = new Option<int>("--columns") { DefaultValueFactory = _ => 2304 };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 15 };
        var command = new Command("nf4", "The 4-bit codec on the processor beside bitsandbytes' and a copy of memory.") { rows, columns, rounds };
        command.SetAction(p => Run(p.GetValue(rows), p.GetValue(columns), p.GetValue(rounds)));
        return command;
    }

    private static void Run(int rows, int columns, int rounds)
    {
        using var scope = NewDisposeScope();
        using var peer = Peer("kept");
        using var fresh = Peer("fresh");
        var weight = randn(rows, columns).to(ScalarType.BFloat16);
        var buffer = empty_like(weight);
        var options = new QuantizationOptions();
        using var quantized = QuantizedTensor.Quantize(weight, options);
        var packed = weight.numel() / 2.0 + weight.numel() / 64.0;
        var works = Enumerable.Range(1, 2).SelectMany(threads => new[]
        {
            new Work("dequantize", threads, packed + 2.0 * weight.numel(), () => quantized.Dequantize(buffer)),
            new Work("quantize", threads, packed + 2.0 * weight.numel(), () => QuantizedTensor.Quantize(weight, options).Dispose(), threads == 1),
            new Work("copy", threads, 4.0 * weight.numel(), () => buffer.copy_(weight), false),
        }).ToArray();

        for (var round = -3; round < rounds; round++)
        {
            foreach (var work in works)
            {
                // Theirs takes long to quantize: a few turns tell.
                var asks = work.HasPeer && (work.Name != "quantize" || round < 3);
                var theirs = asks ? Ask(peer, work) : 0;
                var theirsFresh = asks ? Ask(fresh, work) : 0;
                set_num_threads(work.Threads);
                var ours = Turn(work);
                if (round < 0) continue;
                work.OurSeconds.Add(ours);
                if (!asks) continue;
                work.PeerSeconds.Add(theirs);
                work.FreshSeconds.Add(theirsFresh);
            }
        }
        Write(works, rows, columns);

        PeerProcess Peer(string memory) => new("nf4.py", rows.ToString(CultureInfo.InvariantCulture), columns.ToString(CultureInfo.InvariantCulture), memory);
    }

    private static double Ask(PeerProcess peer, Work work) => double.Parse(peer.Ask($"{work.Name} {work.Threads}"), CultureInfo.InvariantCulture);

    // The first call after the other side's turn finds cold caches, on both sides alike: it is made, but not counted.
    private static double Turn(Work work)
    {
        var seconds = new double[work.Name == "quantize" ? 1 : CallsATurn];
        for (var call = -1; call < seconds.Length; call++)
        {
            var begun = Stopwatch.GetTimestamp();
            work.Ours();
            if (call >= 0) seconds[call] = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        }
        return Report.Median(seconds);
    }

    private static void Write(Work[] works, int rows, int columns)
    {
        foreach (var work in works)
        {
            var theirs = work.PeerSeconds.Count == 0 ? "" : $", bitsandbytes {Report.Median(work.PeerSeconds) * 1000:F2} ms, {Report.Median(work.FreshSeconds) * 1000:F2} ms as it runs by itself";
            Console.WriteLine(FormattableString.Invariant($"{work.Name} {rows} x {columns}, {work.Threads} threads: {work.Ours1 * 1000:F2} ms, {work.Bytes / work.Ours1 / 1e9:F1} GB/s{theirs}"));
        }
        Report.Write(new JsonObject
        {
            ["dequantize_ratio_1_thread"] = Of("dequantize", 1).Ratio,
            ["dequantize_ratio_2_threads"] = Of("dequantize", 2).Ratio,
            ["quantize_ratio_1_thread"] = Of("quantize", 1).Ratio,
            ["dequantize_ratio_1_thread_fresh"] = Of("dequantize", 1).FreshRatio,
            ["dequantize_ratio_2_threads_fresh"] = Of("dequantize", 2).FreshRatio,
            ["processor"] = $"{Processor()}, {VectorPaths.Current}",
        });

        Work Of(string name, int threads) => works.Single(w => w.Name == name && w.Threads == threads);
    }

    private static string Processor()
    {
        const string Key = "model name";
        var line = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "unknown";
    }
}
