using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Socratic.Samples;
using Socratic.Training;
using Socratic.Training.Data;
using Socratic.Training.Lora;
using Socratic.Training.Native;
using Socratic.Training.Quantization;
using Socratic.Training.Runs;
using static TorchSharp.torch;

namespace FineTune;

/// <summary>The run, top down: load, attach an adapter, read the dialogues, train, read the result back, compare answers, talk.</summary>
internal sealed class FineTuneRun(Settings settings, Screen screen)
{
    private const int QuestionsAsked = 3;

    private readonly string output = settings.Training.OutputDirectory;

    internal int Run(bool chat)
    {
        screen.Title("[bold]Socratic.Training[/]: fine-tuning", output, ("model", settings.Model), ("data", settings.Host.Data!));
        TorchRuntime.EnsureAvailable();
        using var model = Load();
        var dialogues = DialogueDataset.Read(settings.Host.Data!, model.Tokenizer, settings.Dialogues);
        var result = Train(model, dialogues);
        if (chat && result.Outcome is (TrainingOutcome.Completed or TrainingOutcome.AlreadyComplete)) Chat.Talk(model, screen);
        return result.ExitCode;
    }

    private CausalLanguageModel Load()
    {
        var model = CausalLanguageModel.Load(settings.Model, load =>
        {
            load.Dtype = settings.Dtype;
            load.Device = Device();
            load.Name = settings.Host.ModelId;
            load.Logger = screen.Log.CreateLogger(nameof(FineTune));
            load.PlannedMicroBatch = new MicroBatchPlan(
                settings.Training.TrainBatchSize, settings.PackLength ?? settings.Dialogues.MaxLength, settings.Training.GradientCheckpointing);
            if (settings.Quantization is { } fourBits) load.QuantizeTo4Bit(fourBits);
        });
        manual_seed(settings.Training.Seed);
        model.AddLora(settings.Lora, logger: screen.Log.CreateLogger(nameof(FineTune)));
        return model;
    }

    private TrainingResult Train(CausalLanguageModel model, DialogueDataset dialogues)
    {
        var (train, heldOut) = dialogues.Split(settings.Host.TrainShare, settings.Host.SplitSeed);
        IDataset<TokenBatch> rows = settings.PackLength is { } length ? train.Pack(length) : train;
        var questions = Questions(heldOut);
        var before = new AnswersBefore(() => Ask(model, questions, adapterOn: false));
        using var cancellation = new Cancellation(screen.Stopping);
        using var trainer = new LanguageModelTrainer(
            model, settings.Training, rows, heldOut,
            callbacks: [new Introduction(screen, model, How(), dialogues, train, heldOut), before, new HeldOutLine(screen), new StyleCallback(), new TrainingMonitorCallback(), new ProgressCallback(screen)],
            services: new TrainerServices
            {
                LoggerFactory = screen.Log,
                Confirmation = new HostConfirmation(Console.IsInputRedirected, screen.Ask),
                OptimizerFactory = new EightBitOptimizers(),
                Configuration = new JsonObject { [HostOptions.Section] = SettingsLayers.Of(settings.Host) },
            });
        var time = Stopwatch.StartNew();
        var result = trainer.Train(null, cancellation.Token);
        time.Stop();

        switch (result.Outcome)
        {
            case TrainingOutcome.Completed:
                screen.Answers(questions, before.Answers!, Ask(model, questions, adapterOn: true));
                screen.Check(SavedAdapter.Check(model, output, heldOut[0]));
                screen.Cost(time.Elapsed, result.State);
                HowToGoOn();
                break;
            case TrainingOutcome.AlreadyComplete:
                model.Lora().Load(output);
                screen.Answers(questions, null, Ask(model, questions, adapterOn: true));
                HowToGoOn();
                break;
            case TrainingOutcome.Stopped:
                screen.Stopped(result.State);
                break;
        }
        return result;
    }

    /// <summary>The notebook's question and answer, before and after.</summary>
    private IReadOnlyList<string> Ask(CausalLanguageModel model, IReadOnlyList<string> questions, bool adapterOn)
    {
        using var off = adapterOn ? null : model.DisableAdapter();
        return model.AnswerBatch([.. questions.Select(q => new[] { ChatMessage.User(q) })], new GenerationOptions { MaxNewTokens = settings.Training.GeneratedTokens });
    }

    private string[] Questions(DialogueDataset heldOut) => settings.Host.Questions is { Length: > 0 } own
        ? own
        : [.. heldOut.Dialogues.Select(d => d.Messages.FirstOrDefault(m => m.Role == ChatMessage.UserRole)?.Content).OfType<string>().Take(QuestionsAsked)];

    private Device Device() => settings.Host.Device switch
    {
        "cuda" when !cuda.is_available() => throw new InvalidOperationException("Device is cuda, but no GPU can be used: build with -p:TorchBackend=cuda-linux (or cuda-windows), or take --device cpu."),
        "cuda" => CUDA,
        "auto" when cuda.is_available() => CUDA,
        _ => CPU,
    };

    private string How() => FormattableString.Invariant($"LoRA of rank {settings.Lora.Rank} on {settings.Lora.TargetModules}{(settings.Quantization is { } fourBits ? $", over {fourBits.Type} weights" : "")}");

    private void HowToGoOn()
    {
        screen.List(
            "Look at:",
            (Path.Combine(output, "training_progress", "training_progress.png"), "the curves"),
            (Path.Combine(output, "adapter_model.safetensors"), "the adapter, as PEFT writes it"),
            (Path.Combine(output, TrainingConfiguration.FileName), "the settings; --config repeats the run"),
            (Path.Combine(output, "training_log.txt"), "what happened when"));
        screen.List(
            "Go on:",
            ($"dotnet run --project samples/FineTune -- --config {output} --chat", "talk with it"),
            ($"model.LoadAdapter(\"{output}\")", "in .NET, after CausalLanguageModel.Load"),
            ($"PeftModel.from_pretrained(model, \"{output}\")", "in Python, with PEFT"),
            ($"vllm serve {settings.Host.ModelId ?? settings.Model} --enable-lora --max-lora-rank {settings.Lora.Rank} --lora-modules mine={output}", "vLLM"),
            ($"python convert_lora_to_gguf.py {output} --base {settings.Model} --outfile mine.gguf", "llama.cpp, then llama-cli --lora mine.gguf"));
    }
}
