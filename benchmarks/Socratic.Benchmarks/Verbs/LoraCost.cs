using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Socratic.Benchmarks.Peers;
using Socratic.Training;
using Socratic.Training.Data;
using Socratic.Training.Layers;
using Socratic.Training.Lora;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Benchmarks.Verbs;

/// <summary>
/// What adapters on q, k, v, o cost: forward and backward with them, less those of the same model with its parameters frozen and a gradient of the embeddings
/// forced through; ours and PEFT's by turns.
/// </summary>
internal static class LoraCost
{
    public static Command Command()
    {
        var model = new Option<string>("--model") { Description = "A folder of make_bench_model.py.", Required = true };
        var batch = new Option<int>("--batch") { DefaultValueFactory = _ => 4 };
        var threads = new Option<int>("--threads") { DefaultValueFactory = _ => Environment.ProcessorCount };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 12 };
        var clock = new Option<string>("--clock") { Description = "cpu counts processor seconds: for one thread on a busy machine.", DefaultValueFactory = _ => "wall" };
        clock.AcceptOnlyFromAmong("wall", "cpu");
        var command = new Command("lora", "What adapters add to a step, ours beside PEFT's.") { model, batch, threads, rounds, clock };
        command.SetAction(p => Run(p.GetValue(model)!, p.GetValue(batch), p.GetValue(threads), p.GetValue(rounds), p.GetValue(clock)!));
        return command;
    }

    private static void Run(string folder, int count, int threads, int rounds, string clock)
    {
        set_num_threads(threads);
        using var frozen = CausalLanguageModel.Load(folder);
        frozen.ReplaceEmbedding(new ForcedEmbedding(frozen.Embedding));
        foreach (var p in frozen.parameters()) p.requires_grad_(false);
        using var adapted = CausalLanguageModel.Load(folder);
        adapted.LoadAdapter(Path.Combine(folder, "adapter"), trainable: true);
        using var batch = new TokenRows(BenchRows.Read(folder, count)).Collate([.. Enumerable.Range(0, count)]);
        using var peer = new PeerProcess("lora_cost.py", folder, threads.ToString(CultureInfo.InvariantCulture), count.ToString(CultureInfo.InvariantCulture), clock);
        Func<TimeSpan> now = clock == "cpu" ? static () => Environment.CpuUsage.TotalTime : static () => Stopwatch.GetElapsedTime(0);

        var (ours, theirs) = (new List<double>(), new List<double>());
        var (steps, peerSteps) = (new List<double>(), new List<double>());
        for (var round = -2; round < rounds; round++)
        {
            // Each pass follows one of the other side: the first after a pause pays for cold caches, and must not pay for adapters only.
            var with = Pass(adapted, batch, now);
            var peerWith = Ask(peer, "adapted");
            var without = Pass(frozen, batch, now);
            var peerWithout = Ask(peer, "frozen");
            if (round < 0) continue;
            ours.Add(with - without);
            theirs.Add(peerWith - peerWithout);
            steps.Add(with);
            peerSteps.Add(peerWith);
        }
        Report.Write(new JsonObject
        {
            ["overhead_ratio"] = Report.Median(ours) / Report.Median(theirs),
            ["overhead_milliseconds"] = Report.Median(ours) * 1000, ["reference_overhead_milliseconds"] = Report.Median(theirs) * 1000,
            ["step_milliseconds"] = Report.Median(steps) * 1000, ["reference_step_milliseconds"] = Report.Median(peerSteps) * 1000, ["threads"] = threads, ["clock"] = clock,
        });
    }

    private static double Ask(PeerProcess peer, string which) => double.Parse(peer.Ask(which), CultureInfo.InvariantCulture);

    private static double Pass(CausalLanguageModel model, TokenBatch batch, Func<TimeSpan> now)
    {
        using var scope = NewDisposeScope();
        var begun = now();
        model.train();
        model.ComputeLoss(batch).Value.backward();
        BackwardFailure.Throw();
        foreach (var p in model.parameters()) p.grad = null;
        return (now() - begun).TotalSeconds;
    }

    /// <summary>Embeddings that ask for a gradient, as the reference's <c>enable_input_require_grads</c> makes them.</summary>
    private sealed class ForcedEmbedding(EmbeddingLayer inner) : EmbeddingLayer(nameof(ForcedEmbedding), inner.VocabularySize, inner.Size)
    {
        public override Parameter Weight => inner.Weight;

        public override double? Scale => inner.Scale;

        public override Tensor Lookup(Tensor table, Tensor ids) => inner.Lookup(table, ids);

        public override Tensor forward(Tensor ids) => inner.call(ids).detach().requires_grad_(true);
    }
}
