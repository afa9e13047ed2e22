using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Socratic.Training;
using Socratic.Training.Callbacks;
using Socratic.Training.Diagnostics;
using Socratic.Training.Lora;
using Socratic.Training.Quantization;
using static TorchSharp.torch;

namespace Socratic.Benchmarks.Verbs;

/// <summary>The work of the peers' <c>bench_hf.py</c> (same rows, order, adapter, schedule), and the same keys at its end.</summary>
internal static class TrainStep
{
    private sealed record Settings(string Model, string Mode, string Dtype, int Batch, int Accumulation, int Threads, int Steps, int Warmup, bool Checkpointing);

    public static Command Command()
    {
        var model = new Option<string>("--model") { Description = "A folder of make_bench_model.py.", Required = true };
        var mode = new Option<string>("--mode") { DefaultValueFactory = _ => "lora" };
        mode.AcceptOnlyFromAmong("lora", "qlora", "full");
        var dtype = new Option<string>("--dtype") { DefaultValueFactory = _ => "float32" };
        dtype.AcceptOnlyFromAmong("float32", "bfloat16", "mixed");
        var batch = new Option<int>("--batch") { DefaultValueFactory = _ => 4 };
        var accumulation = new Option<int>("--accumulation") { DefaultValueFactory = _ => 2 };
        var threads = new Option<int>("--threads") { DefaultValueFactory = _ => Environment.ProcessorCount };
        var steps = new Option<int>("--steps") { DefaultValueFactory = _ => 12 };
        var warmup = new Option<int>("--warmup") { DefaultValueFactory = _ => 2 };
        var checkpointing = new Option<bool>("--checkpointing");
        var command = new Command("train-step", "Tokens a second and peak memory of training steps.") { model, mode, dtype, batch, accumulation, threads, steps, warmup, checkpointing };
        command.SetAction(p => Run(new Settings(
            p.GetValue(model)!, p.GetValue(mode)!, p.GetValue(dtype)!, p.GetValue(batch), p.GetValue(accumulation), p.GetValue(threads), p.GetValue(steps), p.GetValue(warmup), p.GetValue(checkpointing))));
        return command;
    }

    private static void Run(Settings s)
    {
        set_num_threads(s.Threads);
        var output = Directory.CreateTempSubdirectory("train-step-").FullName;
        try
        {
            var begun = Stopwatch.GetTimestamp();
            using var model = Load(s);
            var loading = Stopwatch.GetElapsedTime(begun);
            var (perStep, steps) = (s.Batch * s.Accumulation, s.Steps + s.Warmup);
            var rows = BenchRows.Read(s.Model, steps * perStep);
            var options = new TrainingOptions
            {
                OutputDirectory = output, MaxSteps = steps, TrainBatchSize = s.Batch, GradientAccumulationSteps = s.Accumulation, Sampling = SamplingStrategy.Sequential,
                LearningRate = 2e-4, LoggingSteps = 1, SaveStrategy = SaveStrategy.No, WatchTensors = false,
                GradientCheckpointing = s.Checkpointing, Precision = s.Dtype == "mixed" ? TrainingPrecision.Mixed : TrainingPrecision.AsLoaded,
            };
            var clock = new Clock();
            using var trainer = new LanguageModelTrainer(model, options, new TokenRows(rows), callbacks: [clock]);
            trainer.Train();
            var seconds = Stopwatch.GetElapsedTime(clock.Times[s.Warmup], clock.Times[^1]).TotalSeconds;
            var tokens = rows.Skip(s.Warmup * perStep).Sum(r => r.Ids.Count);
            Report.Write(new JsonObject
            {
                ["mode"] = s.Mode, ["dtype"] = s.Dtype, ["batch"] = s.Batch, ["accumulation"] = s.Accumulation, ["threads"] = s.Threads,
                ["tokens_per_second"] = tokens / seconds, ["seconds_per_step"] = seconds / s.Steps, ["peak_rss_mib"] = Report.PeakMemory(),
                ["resident_mib"] = Readings(clock.Resident),
                ["load_seconds"] = loading.TotalSeconds, ["losses"] = new JsonArray([.. clock.Losses.Select(l => JsonValue.Create(l))]),
            });
        }
        finally
        {
            Directory.Delete(output, recursive: true);
        }
    }

    /// <summary>Twenty readings over the run, at most: [update, MiB].</summary>
    private static JsonArray Readings(List<long> resident)
    {
        var every = Math.Max(1, resident.Count / 20);
        return [.. Enumerable.Range(1, resident.Count).Where(step => step % every == 0).Select(step => new JsonArray(step, Math.Round(resident[step - 1] / 1048576.0, 1)))];
    }

    private static CausalLanguageModel Load(Settings s)
    {
        var model = CausalLanguageModel.Load(s.Model, load =>
        {
            load.Dtype = s.Dtype == "bfloat16" ? ModelDtype.BFloat16 : ModelDtype.Float32;
            if (s.Mode == "qlora") load.QuantizeTo4Bit();
        });
        if (s.Mode != "full") model.LoadAdapter(Path.Combine(s.Model, "adapter"), trainable: true);
        return model;
    }

    private sealed class Clock : ICallback
    {
        public List<long> Times { get; } = [];

        public List<double> Losses { get; } = [];

        public List<long> Resident { get; } = [];

        public void OnTrainBegin(in TrainBeginEvent e) => Times.Add(Stopwatch.GetTimestamp());

        public void OnStepEnd(in StepEndEvent e)
        {
            Resident.Add(MemoryFigures.Read().HostBytes);
            Times.Add(Stopwatch.GetTimestamp());
        }

        public void OnLog(in LogEvent e)
        {
            if (e.Entry is TrainingLogEntry entry) Losses.Add(entry.Loss);
        }
    }
}
