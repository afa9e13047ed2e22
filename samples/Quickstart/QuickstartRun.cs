using System.Text.Json.Nodes;
using Socratic.Samples;
using Socratic.Training;
using Socratic.Training.Lora;
using Socratic.Training.Native;
using Socratic.Training.Quantization;
using Socratic.Training.Runs;
using static TorchSharp.torch;

namespace Quickstart;

/// <summary>The run, top down: load, attach an adapter, read the dialogues, train, compare answers.</summary>
internal sealed class QuickstartRun(Arguments arguments, Screen screen, CancellationToken cancellation)
{
    private const int Seed = 42;

    // None of them stands in the dialogues that train.
    private static readonly string[] Questions = ["友情とは何ですか。", "旅に出たいと思っています。", "幸せとは何でしょうか。"];

    // Every ending that asks is counted, not only the two that the built-in profile counts: かね and だろうか are how these dialogues ask.
    private static readonly StyleProfile Style = StyleProfile.SocraticJapanese with { Name = "quickstart-ja", AskingEndings = StyleProfile.SocraticJapanese.QuestionEndings };

    internal int Run()
    {
        var options = Options();
        options.Validate();
        screen.Title(
            "[bold]Socratic.Training quickstart[/]: a small language model learns to ask back.", arguments.Output, ("model", arguments.Model), ("data", arguments.Data));
        TorchRuntime.EnsureAvailable();
        using var model = CausalLanguageModel.Load(arguments.Model, load =>
        {
            if (arguments.Quantize is { } type) load.QuantizeTo4Bit(new QuantizationOptions { Type = type });
        });
        manual_seed(Seed);
        model.AddLora(new LoraOptions { Rank = 16, Alpha = 32, TargetModules = ["q_proj", "k_proj", "v_proj", "o_proj"] });
        var dialogues = DialogueDataset.Read(arguments.Data, model.Tokenizer);
        var (train, heldOut) = dialogues.SplitLast(Math.Max(1, dialogues.Count / 5));

        var before = new AnswersBefore(() => Ask(model, adapterOn: false));
        using var trainer = new LanguageModelTrainer(
            model, options, train, heldOut,
            callbacks: [new Introduction(screen, model, $"LoRA of rank 16 on q, k, v, o{(arguments.Quantize is { } bits ? $", over {bits} weights" : "")}", dialogues, train, heldOut), before, new HeldOutLine(screen), new StyleCallback(), new TrainingMonitorCallback(), new ProgressCallback(screen)],
            services: new TrainerServices
            {
                LoggerFactory = screen.Log,
                Confirmation = new HostConfirmation(Console.IsInputRedirected, screen.Ask),
                // Under the key that FineTune's --config reads.
                Configuration = new JsonObject { ["fine_tune"] = new JsonObject { ["data"] = arguments.Data } },
            });
        var result = trainer.Train(null, cancellation);

        switch (result.Outcome)
        {
            case TrainingOutcome.Completed:
                screen.Answers(Questions, before.Answers!, Ask(model, adapterOn: true));
                screen.Check(SavedAdapter.Check(model, arguments.Output, heldOut[0]));
                Files();
                break;
            case TrainingOutcome.AlreadyComplete:
                model.Lora().Load(arguments.Output);
                screen.Answers(Questions, null, Ask(model, adapterOn: true));
                screen.Say($"The adapter in {arguments.Output} gave these answers. Add --fresh to begin anew.");
                break;
            case TrainingOutcome.Stopped:
                screen.Stopped(result.State);
                break;
        }
        return result.ExitCode;

        IReadOnlyList<string> Ask(CausalLanguageModel model, bool adapterOn)
        {
            using var off = adapterOn ? null : model.DisableAdapter();
            return model.AnswerBatch([.. Questions.Select(q => new[] { ChatMessage.User(q) })], new GenerationOptions { MaxNewTokens = 80 });
        }
    }

    private void Files()
    {
        var output = arguments.Output;
        screen.List(
            "Look at:",
            (Path.Combine(output, "training_progress", "training_progress.png"), "the curves"),
            (Path.Combine(output, "adapter_model.safetensors"), "the adapter, as PEFT writes it"),
            (Path.Combine(output, "training_log.txt"), "what happened when"));
        screen.List("Go on:", ($"PeftModel.from_pretrained(model, \"{output}\")", "in Python"));
        if (arguments.IsTinyModel) screen.List("With a model of your own:", ("dotnet run --project samples/FineTune -- --model <Hugging Face folder> --data <dialogues.json> --output <folder>", ""));
    }

    private TrainingOptions Options() => new()
    {
        OutputDirectory = arguments.Output,
        MaxSteps = arguments.Steps,
        TrainBatchSize = 8,
        EvaluationBatchSize = 8,
        LearningRate = arguments.LearningRate ?? (arguments.IsTinyModel ? 3e-3 : 2e-4),
        Schedule = LearningRateSchedule.Cosine,
        WarmupSteps = Math.Max(0, arguments.Steps / 10),
        LoggingSteps = 10,
        EvaluateOnStart = true,
        EvaluationStrategy = IntervalStrategy.Steps,
        EvaluationSteps = 20,
        SaveSteps = 20,
        SaveTotalLimit = 3,
        Seed = Seed,
        StyleProfile = Style,
        ExistingRun = arguments.Fresh ? ExistingRunPolicy.Overwrite : ExistingRunPolicy.Resume,
    };
}
