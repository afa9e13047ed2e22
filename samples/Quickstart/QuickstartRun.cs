using Socratic.Training;
using Socratic.Training.Lora;
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
        screen.Title(arguments);
        using var model = CausalLanguageModel.Load(arguments.Model);
        manual_seed(Seed);
        model.AddLora(new LoraOptions { Rank = 16, Alpha = 32, TargetModules = ["q_proj", "k_proj", "v_proj", "o_proj"] });
        var dialogues = DialogueDataset.Read(arguments.Data, model.Tokenizer);
        var (train, heldOut) = dialogues.SplitLast(Math.Max(1, dialogues.Count / 5));

        var before = new AnswersBefore(() => Ask(model, adapterOn: false));
        using var trainer = new LanguageModelTrainer(
            model, options, train, heldOut,
            callbacks: [new Introduction(screen, model, dialogues, train, heldOut), before, new HeldOutLine(screen), new StyleCallback(), new TrainingMonitorCallback(), new ProgressCallback(screen)],
            services: new TrainerServices { LoggerFactory = screen.Log, Confirmation = new HostConfirmation(Console.IsInputRedirected, screen.Ask) });
        var result = trainer.Train(null, cancellation);

        switch (result.Outcome)
        {
            case TrainingOutcome.Completed:
                screen.Answers(Questions, before.Answers!, Ask(model, adapterOn: true));
                screen.Files(arguments);
                break;
            case TrainingOutcome.AlreadyComplete:
                foreach (var artifact in model.Artifacts) artifact.Load(arguments.Output);
                screen.Answers(Questions, null, Ask(model, adapterOn: true));
                screen.AlreadyComplete();
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
        EvaluationStrategy = IntervalStrategy.Steps,
        EvaluationSteps = 20,
        SaveSteps = 20,
        SaveTotalLimit = 3,
        Seed = Seed,
        StyleProfile = Style,
        ExistingRun = arguments.Fresh ? ExistingRunPolicy.Overwrite : ExistingRunPolicy.Resume,
    };
}
