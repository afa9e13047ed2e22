using System.CommandLine;
using System.CommandLine.Parsing;

namespace FineTune;

/// <summary>What the command line says. Its settings are kept as text: <see cref="SettingsLayers"/> knows what each key may hold.</summary>
/// <param name="Given">The settings it names: the key, and what stands there.</param>
/// <param name="Config">A training_config.json, or the folder of the run that wrote it.</param>
/// <param name="AppSettings">A file in place of the appsettings.json beside the program.</param>
/// <param name="Chat">Whether to talk with the result.</param>
internal sealed record Arguments(IReadOnlyList<(string Key, IReadOnlyList<string> Values)> Given, string? Config, string? AppSettings, bool Chat)
{
    /// <summary>Each option sets one key of the settings.</summary>
    private static readonly (Option Option, string Key)[] Settings =
    [
        Text("--model", "model_name", "folder", "A Hugging Face folder of a causal language model."),
        Text("--model-id", "fine_tune.model_id", "id", "The model's id on a hub, for the adapter's files. [default: the folder]"),
        Text("--data", "fine_tune.data", "file", "Dialogues: a JSON array, or one object a line."),
        Text("--output", "training_args.output_dir", "folder", "Where the run leaves its files. [default: out/fine-tune]"),
        Text("--epochs", "training_args.num_train_epochs", "n", "Passes over the dialogues. [30]"),
        Text("--steps", "training_args.max_steps", "n", "Updates, in place of epochs."),
        Text("--learning-rate", "training_args.learning_rate", "x", "The highest learning rate. [8e-5]"),
        Text("--schedule", "training_args.lr_scheduler_type", "name", "How the rate changes. [cosine_with_restarts]"),
        Text("--warmup-ratio", "training_args.warmup_ratio", "x", "Warm-up as a share of the run. [0.25]"),
        Text("--warmup-steps", "training_args.warmup_steps", "n", "Warm-up in updates."),
        Text("--optimizer", "training_args.optim", "name", "adamw_torch_fused, adamw_bnb_8bit, sgd, adafactor or lion_32bit. [adamw_torch_fused]"),
        Text("--weight-decay", "training_args.weight_decay", "x", "Decoupled weight decay. [0.06]"),
        Text("--batch-size", "training_args.per_device_train_batch_size", "n", "Dialogues of a micro-batch. [2]"),
        Text("--accumulation", "training_args.gradient_accumulation_steps", "n", "Micro-batches of an update. [8]"),
        Text("--eval-batch-size", "training_args.per_device_eval_batch_size", "n", "Dialogues of an evaluation batch. [4]"),
        Text("--max-grad-norm", "training_args.max_grad_norm", "x", "The norm gradients are clipped to; 0 clips nothing. [0.5]"),
        Text("--logging-steps", "training_args.logging_steps", "n", "Updates between logs of the loss. [10]"),
        Text("--eval-steps", "training_args.eval_steps", "n", "Updates between evaluations. [20]"),
        Text("--save-steps", "training_args.save_steps", "n", "Updates between checkpoints. [20]"),
        Text("--save-limit", "training_args.save_total_limit", "n", "Checkpoints kept. [3]"),
        Text("--best-metric", "training_args.metric_for_best_model", "name", "What chooses the best model. [combined_score]"),
        Text("--max-eval-rows", "training_args.max_evaluation_rows", "n", "Dialogues an evaluation covers at most. [100]"),
        Text("--release-memory-every", "training_args.release_memory_every", "n", "Updates between which memory is given back; 0 for never. [50]"),
        Text("--style-profile", "training_args.style_profile", "name", "socratic-ja, socratic-en, notebook, or a JSON file. [socratic-ja]"),
        Text("--generated-prompts", "training_args.generated_prompts", "n", "Held-out prompts answered at each evaluation. [0]"),
        Text("--bf16", "training_args.bf16", "choice", "Mixed precision: true, false, or auto where bfloat16 is fast. [false]"),
        Flag("--gradient-checkpointing", "training_args.activation_checkpointing", "Far less memory for a third more time."),
        Flag("--dry-run", "training_args.dry_run", "Tries the run out on its longest dialogues: memory, a checkpoint, a resume. Nothing is kept."),
        Text("--existing", "training_args.existing_run", "policy", "What to do with an unfinished run there: resume, ask, overwrite, fail. [resume]"),
        Text("--seed", "training_args.seed", "n", "Seeds adapter, order and dropout. [42]"),
        Text("--rank", "lora_config.r", "n", "The adapter's rank. [16]"),
        Text("--alpha", "lora_config.lora_alpha", "x", "Its share is scaled by alpha / rank. [32]"),
        Text("--dropout", "lora_config.lora_dropout", "p", "Dropout of its input. [0.1]"),
        Many("--targets", "lora_config.target_modules", "Layers that get one, or all-linear. [q_proj k_proj v_proj o_proj]"),
        Text("--max-length", "data_args.max_length", "n", "The most tokens of a dialogue. [512]"),
        Text("--overlength", "data_args.overlength", "name", "What happens to longer ones: skip, cut_at_turn, cut, error. [skip]"),
        Text("--loss-on", "data_args.loss_on", "name", "What is learned: model_turns, last_model_turn, all_tokens. [model_turns]"),
        Text("--pack-length", "data_args.pack_length", "n", "Packs dialogues into rows of so many tokens."),
        Text("--train-share", "fine_tune.train_share", "x", "The share of dialogues that trains; the rest is held out. [0.8]"),
        Text("--split-seed", "fine_tune.split_seed", "n", "Seeds that split. [42]"),
        Text("--dtype", "model_dtype", "name", "How the model is loaded: float32, bfloat16 or auto. [float32]"),
        Text("--device", "fine_tune.device", "name", "cpu, cuda or auto. [auto]"),
        Many("--questions", "fine_tune.questions", "Asked before and after. [the first three held-out ones]"),
    ];

    /// <summary>Parses the command line and runs; gives the exit code.</summary>
    internal static int Parse(string[] args, Func<Arguments, int> run, Func<Arguments, int, int> inspect)
    {
        var config = new Option<string?>("--config") { Description = "A training_config.json (or the folder of the run that wrote it) to repeat.", HelpName = "file", Recursive = true };
        var appSettings = new Option<string?>("--appsettings") { Description = "Another file than the appsettings.json beside the program.", HelpName = "file", Recursive = true };
        var set = new Option<string[]>("--set") { Description = "Any other key: --set training_args.neftune_noise_alpha=5", HelpName = "key=value", Recursive = true };
        set.Validators.Add(found =>
        {
            foreach (var token in found.Tokens.Where(t => t.Value.IndexOf('=', StringComparison.Ordinal) <= 0)) found.AddError($"--set {token.Value}: expected key=value.");
        });
        var quantize = new Option<string?>("--quantize") { Description = "Loads the weights in 4 bits: nf4, fp4 or none. [none]", HelpName = "type", Recursive = true };
        quantize.AcceptOnlyFromAmong("nf4", "fp4", "none");
        var chat = new Option<bool>("--chat") { Description = "Talk with the result; an empty line ends." };
        var root = new RootCommand("Fine-tunes a language model on dialogues with LoRA. Settings: defaults < appsettings.json < --config < command line.");
        // The three that every run needs come first in the help.
        foreach (var (option, _) in Settings) root.Options.Add(option);
        foreach (var option in new Option[] { quantize, config, appSettings, set, chat }) root.Options.Add(option);

        Arguments Read(ParseResult parsed) => new(
            [.. Settings.Select(s => (s.Key, Values(parsed.GetResult(s.Option)))).Where(s => s.Item2.Count > 0), .. Quantize(parsed.GetValue(quantize)), .. parsed.GetValue(set)!.Select(Assignment)],
            parsed.GetValue(config), parsed.GetValue(appSettings), parsed.GetValue(chat));

        var row = new Argument<int>("row") { Description = "The row, from 0.", DefaultValueFactory = _ => 0 };
        var verb = new Command("inspect", "Shows a row of the data token by token: id, text, trained or cut.") { row };
        verb.SetAction(parsed => inspect(Read(parsed), parsed.GetValue(row)));
        root.Subcommands.Add(verb);
        root.SetAction(parsed => run(Read(parsed)));
        var result = root.Parse(args);
        if (result.Action is System.CommandLine.Invocation.ParseErrorAction errors) errors.ShowHelp = false;
        return result.Invoke();
    }

    private static (Option Option, string Key) Text(string name, string key, string value, string description)
        => (new Option<string>(name) { Description = description, HelpName = value, Recursive = true }, key);

    private static (Option Option, string Key) Many(string name, string key, string description)
        => (new Option<string[]>(name) { Description = description, AllowMultipleArgumentsPerToken = true, Arity = ArgumentArity.OneOrMore, Recursive = true }, key);

    private static (Option Option, string Key) Flag(string name, string key, string description)
        => (new Option<bool>(name) { Description = description, Recursive = true }, key);

    private static IReadOnlyList<string> Values(OptionResult? result) => result switch
    {
        null or { Implicit: true } => [],
        { Tokens.Count: 0 } => ["true"],
        _ => [.. result.Tokens.Select(t => t.Value)],
    };

    private static IEnumerable<(string Key, IReadOnlyList<string> Values)> Quantize(string? type) => type switch
    {
        null => [],
        "none" => [("bnb_config.load_in_4bit", ["false"])],
        _ => [("bnb_config.load_in_4bit", ["true"]), ("bnb_config.bnb_4bit_quant_type", [type])],
    };

    private static (string Key, IReadOnlyList<string> Values) Assignment(string text)
    {
        var at = text.IndexOf('=', StringComparison.Ordinal);
        return (text[..at], [text[(at + 1)..]]);
    }
}
