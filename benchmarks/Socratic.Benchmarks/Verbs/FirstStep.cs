using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Socratic.Training;
using Socratic.Training.Callbacks;
using static TorchSharp.torch;

namespace Socratic.Benchmarks.Verbs;

/// <summary>How long a trainer takes from having its rows to the end of the first step, and what it holds by then.</summary>
internal static class FirstStep
{
    public static Command Command()
    {
        var rows = new Option<int>("--rows") { DefaultValueFactory = _ => 1_000_000 };
        var sampling = new Option<SamplingStrategy>("--sampling") { DefaultValueFactory = _ => SamplingStrategy.Random };
        var model = new Option<string>("--model") { Description = "A small Hugging Face folder.", Required = true };
        var command = new Command("first-step", "Seconds from having the rows to the end of the first step.") { model, rows, sampling };
        command.SetAction(p => Run(p.GetValue(model)!, p.GetValue(rows), p.GetValue(sampling)));
        return command;
    }

    private static void Run(string folder, int count, SamplingStrategy sampling)
    {
        set_num_threads(1);
        var random = new Random(1);
        TokenRow[] rows = [.. Enumerable.Range(0, count).Select(_ => new TokenRow([.. Enumerable.Range(0, random.Next(4, 17)).Select(_ => random.Next(10, 200))]))];
        using var model = CausalLanguageModel.Load(folder);
        var output = Directory.CreateTempSubdirectory("first-step-").FullName;
        try
        {
            var begun = Stopwatch.GetTimestamp();
            var clock = new Clock();
            var options = new TrainingOptions { OutputDirectory = output, MaxSteps = 3, TrainBatchSize = 8, Sampling = sampling, SaveStrategy = SaveStrategy.No };
            using var trainer = new LanguageModelTrainer(model, options, new TokenRows(rows), callbacks: [clock]);
            trainer.Train();
            Report.Write(new JsonObject { ["first_step_seconds"] = Stopwatch.GetElapsedTime(begun, clock.First).TotalSeconds, ["rows"] = count, ["sampling"] = sampling.ToString(), ["peak_rss_mib"] = Report.PeakMemory() });
        }
        finally
        {
            Directory.Delete(output, recursive: true);
        }
    }

    private sealed class Clock : ICallback
    {
        public long First { get; private set; }

        public void OnStepEnd(in StepEndEvent e)
        {
            if (First == 0) First = Stopwatch.GetTimestamp();
        }
    }
}
