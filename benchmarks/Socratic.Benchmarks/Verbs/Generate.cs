using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Socratic.Benchmarks.Peers;
using Socratic.Training;
using static TorchSharp.torch;

namespace Socratic.Benchmarks.Verbs;

/// <summary>Greedy tokens a second, ours beside the reference's <c>generate</c> by turns. No ratio counts unless both choose the same tokens.</summary>
internal static class Generate
{
    public static Command Command()
    {
        var model = new Option<string>("--model") { Description = "A folder of make_bench_model.py.", Required = true };
        var batch = new Option<int>("--batch") { DefaultValueFactory = _ => 8 };
        var prompt = new Option<int>("--prompt") { Description = "Tokens of the longest prompt.", DefaultValueFactory = _ => 64 };
        var tokens = new Option<int>("--tokens") { Description = "New tokens a prompt.", DefaultValueFactory = _ => 64 };
        var threads = new Option<int>("--threads") { DefaultValueFactory = _ => Environment.ProcessorCount };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 6 };
        var command = new Command("generate", "Tokens a second of generation, ours beside the reference's.") { model, batch, prompt, tokens, threads, rounds };
        command.SetAction(p => Run(p.GetValue(model)!, p.GetValue(batch), p.GetValue(prompt), p.GetValue(tokens), p.GetValue(threads), p.GetValue(rounds)));
        return command;
    }

    private static void Run(string folder, int count, int promptLength, int tokens, int threads, int rounds)
    {
        set_num_threads(threads);
        using var model = CausalLanguageModel.Load(folder);
        // Of different lengths, so that the batch is padded.
        IReadOnlyList<int>[] prompts = [.. BenchRows.Read(folder, count).Select((row, i) => (IReadOnlyList<int>)[.. row.Ids.Take(Math.Max(1, promptLength - i))])];
        var options = new GenerationOptions { MaxNewTokens = tokens, StopIds = [] };
        using var peer = new PeerProcess("generate.py", folder, threads.ToString(CultureInfo.InvariantCulture));

        var (ours, theirs) = (new List<double>(), new List<double>());
        var isSame = true;
        for (var round = -1; round < rounds; round++)
        {
            var begun = Stopwatch.GetTimestamp();
            var generated = model.GenerateBatch(prompts, options);
            var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            using var answer = JsonDocument.Parse(peer.Ask(JsonSerializer.Serialize(new { prompts, tokens })));
            isSame &= answer.RootElement.GetProperty("tokens").EnumerateArray().Zip(generated).All(pair => pair.First.EnumerateArray().Select(t => t.GetInt32()).SequenceEqual(pair.Second));
            if (round < 0) continue;
            ours.Add(count * tokens / seconds);
            theirs.Add(count * tokens / answer.RootElement.GetProperty("seconds").GetDouble());
        }
        Report.Write(new JsonObject
        {
            ["tokens_per_second"] = Report.Median(ours), ["reference_tokens_per_second"] = Report.Median(theirs), ["speed_ratio"] = Report.Median(ours) / Report.Median(theirs),
            ["same_tokens"] = isSame, ["batch"] = count, ["threads"] = threads,
        });
    }
}
