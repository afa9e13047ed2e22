using Socratic.Training.Optimization.Schedules;

namespace Socratic.Training;

/// <summary>
/// The options of a run; defaults are those of transformers' TrainingArguments. <see cref="Validate"/> lists every error at once; the trainer's constructor calls it.
/// </summary>
public sealed partial record TrainingOptions
{
    /// <summary>Where everything the run leaves behind lies.</summary>
    public required string OutputDirectory { get; init; }

    /// <summary>Rows of a training micro-batch.</summary>
    /// <value>Default: 8.</value>
    public int TrainBatchSize { get; init; } = 8;

    /// <summary>Rows of an evaluation batch.</summary>
    /// <value>Default: 8.</value>
    public int EvaluationBatchSize { get; init; } = 8;

    /// <summary>Micro-batches whose gradients are summed before an update.</summary>
    /// <value>Default: 1.</value>
    public int GradientAccumulationSteps { get; init; } = 1;

    /// <summary>Passes over the training rows; may be fractional.</summary>
    /// <value>Default: 3.</value>
    public double Epochs { get; init; } = 3;

    /// <summary>Updates of the whole run; if set it stands in place of <see cref="Epochs"/>.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>The order in which an epoch visits the rows.</summary>
    /// <value>Default: random.</value>
    public SamplingStrategy Sampling { get; init; }

    /// <summary>Leaves the last, smaller micro-batch of an epoch out.</summary>
    public bool DropLastBatch { get; init; }

    /// <summary>Seeds torch's generators when a training begins (dropout) and the order of the rows.</summary>
    /// <value>Default: 42.</value>
    public int Seed { get; init; } = 42;

    /// <summary>Seeds the order of the rows instead of <see cref="Seed"/>.</summary>
    public int? DataSeed { get; init; }

    /// <summary>The base learning rate.</summary>
    /// <value>Default: 5e-5.</value>
    public double LearningRate { get; init; } = 5e-5;

    /// <summary>How the rate changes over the run.</summary>
    /// <value>Default: linear to 0.</value>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Linear;

    /// <summary>Settings of the schedule that have no place of their own; null takes its defaults.</summary>
    public ScheduleOptions? ScheduleOptions { get; init; }

    /// <summary>Warm-up as a share of the run, rounded up to whole updates. Not together with <see cref="WarmupSteps"/>.</summary>
    public double? WarmupRatio { get; init; }

    /// <summary>Warm-up in updates. Not together with <see cref="WarmupRatio"/>.</summary>
    public int? WarmupSteps { get; init; }

    /// <summary>Decoupled weight decay of the parameters that decay (no biases, no norms).</summary>
    /// <value>Default: 0.</value>
    public double WeightDecay { get; init; }

    /// <summary>The optimizer. Any other, torch.optim's among them, is made by overriding the trainer's <c>CreateOptimizer</c>.</summary>
    /// <value>Default: AdamW.</value>
    public OptimizerKind Optimizer { get; init; }

    /// <summary>The momentum of <see cref="OptimizerKind.Sgd"/>.</summary>
    /// <value>Default: 0.</value>
    public double Momentum { get; init; }

    /// <summary>AdamW's first moment decay; Lion's too.</summary>
    /// <value>Default: 0.9.</value>
    public double AdamBeta1 { get; init; } = 0.9;

    /// <summary>AdamW's second moment decay; Lion's too.</summary>
    /// <value>Default: 0.999.</value>
    public double AdamBeta2 { get; init; } = 0.999;

    /// <summary>AdamW's epsilon.</summary>
    /// <value>Default: 1e-8.</value>
    public double AdamEpsilon { get; init; } = 1e-8;

    /// <summary>The norm the gradient is clipped to; 0 clips nothing (the norm is logged all the same).</summary>
    /// <value>Default: 1.</value>
    public double MaxGradientNorm { get; init; } = 1.0;

    /// <summary>
    /// The share of a language model's loss that is spread evenly over the vocabulary, in training and evaluation:
    /// (1 - e) mean(-log p(target)) + e mean over targets and vocabulary of -log p.
    /// </summary>
    /// <value>Default: 0.</value>
    public double LabelSmoothingFactor { get; init; }

    /// <summary>
    /// NEFTune's alpha (arXiv:2310.05914): while a language model trains, noise uniform in +-alpha / sqrt(padded length x hidden size) is added to its token vectors,
    /// drawn from torch's global generator. Null adds none; 5 is usual.
    /// </summary>
    public double? NeftuneNoiseAlpha { get; init; }

    /// <summary>In which numbers a language model is trained; its own dtype is chosen when it is loaded.</summary>
    /// <value>Default: as loaded.</value>
    public TrainingPrecision Precision { get; init; }

    /// <summary>
    /// Lets a language model's blocks keep nothing but their input and compute themselves again for their gradient: far less memory for about a third more time,
    /// and the same loss and gradients to the bit.
    /// </summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>What happens when a loss or a gradient is not finite; the weights are never touched.</summary>
    /// <value>Default: <see cref="NonFiniteAction.Stop"/>.</value>
    public NonFiniteAction NonFinite { get; init; }

    /// <summary>When the loss is logged.</summary>
    /// <value>Default: every <see cref="LoggingSteps"/> updates.</value>
    public IntervalStrategy LoggingStrategy { get; init; } = IntervalStrategy.Steps;

    /// <summary>Updates between two logs; below 1 a share of the run.</summary>
    /// <value>Default: 500.</value>
    public double LoggingSteps { get; init; } = 500;

    /// <summary>Logs the first update too.</summary>
    public bool LogFirstStep { get; init; }

    /// <summary>When the model is evaluated.</summary>
    /// <value>Default: never.</value>
    public IntervalStrategy EvaluationStrategy { get; init; } = IntervalStrategy.No;

    /// <summary>Updates between two evaluations; below 1 a share of the run. Null takes <see cref="LoggingSteps"/>.</summary>
    public double? EvaluationSteps { get; init; }

    /// <summary>Updates (or epochs, when evaluating by epoch) before the first evaluation.</summary>
    public double EvaluationDelay { get; init; }

    /// <summary>Evaluates before the first update.</summary>
    public bool EvaluateOnStart { get; init; }

    /// <summary>Evaluates the first rows only; null evaluates all.</summary>
    public int? MaxEvaluationRows { get; init; }

    /// <summary>When a checkpoint is saved.</summary>
    /// <value>Default: every <see cref="SaveSteps"/> updates.</value>
    public SaveStrategy SaveStrategy { get; init; } = SaveStrategy.Steps;

    /// <summary>Updates between two checkpoints; below 1 a share of the run.</summary>
    /// <value>Default: 500.</value>
    public double SaveSteps { get; init; } = 500;

    /// <summary>Checkpoints kept, the best one among them; null keeps all.</summary>
    public int? SaveTotalLimit { get; init; }

    /// <summary>Loads the best checkpoint's weights when the training ends.</summary>
    public bool LoadBestModelAtEnd { get; init; }

    /// <summary>The value that chooses the best model, with or without <c>eval_</c>. Null is the loss where a best model is wanted.</summary>
    public string? MetricForBestModel { get; init; }

    /// <summary>Whether a larger value is better. Null: it is, unless the name ends in <c>loss</c>.</summary>
    public bool? GreaterIsBetter { get; init; }

    /// <summary>Which training tokens are counted.</summary>
    /// <value>Default: none.</value>
    public TokenCount CountTokens { get; init; }

    /// <summary>Gives memory back after each update whose number divides by this; 0 never does.</summary>
    public int ReleaseMemoryEvery { get; init; }

    /// <summary>What to do when the output folder holds an unfinished run.</summary>
    /// <value>Default: go on with it.</value>
    public ExistingRunPolicy ExistingRun { get; init; }

    /// <summary>The style profile that scores a language model's answers.</summary>
    /// <value>Default: <see cref="StyleProfile.SocraticJapanese"/>.</value>
    public StyleProfile StyleProfile { get; init; } = StyleProfile.SocraticJapanese;

    /// <summary>Held-out prompts answered at each evaluation for the <c>eval_generated_*</c> scores; 0 answers none.</summary>
    /// <value>Default: 0. At most 8 are sensible: each answer is generated token by token.</value>
    public int GeneratedPrompts { get; init; }

    /// <summary>The new tokens of each such answer, at most.</summary>
    /// <value>Default: 64.</value>
    public int GeneratedTokens { get; init; } = 64;

    /// <summary>
    /// Tries the run out instead of making it: two updates of the longest rows, a checkpoint after each, an evaluation batch, and a resume from the first, in a scratch folder
    /// that is removed. The log says what was checked and the peak memory; the output folder is not touched, callbacks are not called, and the model is as before.
    /// </summary>
    public bool DryRun { get; init; }

    /// <summary>Names, in the log, the hook or callback in which tensors are left behind. Costs a few microseconds an update.</summary>
    /// <value>Default: on where the debug build of the library is used.</value>
    public bool WatchTensors { get; init; } = DebugBuild;

    /// <summary>Lets the text of dialogues go to ILogger too; it always goes to the local training_log.txt on an error.</summary>
    public bool LogDialogues { get; init; }

#if DEBUG
    private const bool DebugBuild = true;
#else
    private const bool DebugBuild = false;
#endif

    internal TrainingOptions ForDryRun(string folder) => this with
    {
        OutputDirectory = folder,
        LoggingStrategy = IntervalStrategy.No,
        EvaluationStrategy = EvaluationStrategy == IntervalStrategy.No ? IntervalStrategy.No : IntervalStrategy.Steps,
        EvaluationDelay = 0,
        EvaluateOnStart = false,
        MaxEvaluationRows = EvaluationBatchSize,
        GeneratedPrompts = Math.Min(GeneratedPrompts, 1),
        SaveStrategy = SaveStrategy.Steps,
        SaveTotalLimit = null,
        LoadBestModelAtEnd = false,
        ReleaseMemoryEvery = 0,
    };

    /// <summary>True where evaluations must choose a best model or move the schedule.</summary>
    internal bool NeedsBestMetric => LoadBestModelAtEnd || SaveStrategy == SaveStrategy.Best || Schedules.FollowsMetric(Schedule);

    /// <summary>
    /// The seed system's training arguments: 30 epochs, learning rate 8e-5, cosine with restarts, warm-up ratio 0.25, weight decay 0.06, batch 2 x 8, clipping at 0.5,
    /// evaluation (batch 4, the first 100 rows) and saving every 20 updates, three checkpoints kept, the best by combined_score, memory given back every 50 updates.
    /// </summary>
    public static TrainingOptions Socratic(string outputDirectory) => new()
    {
        OutputDirectory = outputDirectory,
        Epochs = 30,
        LearningRate = 8e-5,
        Schedule = LearningRateSchedule.CosineWithRestarts,
        WarmupRatio = 0.25,
        WeightDecay = 0.06,
        TrainBatchSize = 2,
        EvaluationBatchSize = 4,
        GradientAccumulationSteps = 8,
        MaxGradientNorm = 0.5,
        LoggingSteps = 10,
        EvaluationStrategy = IntervalStrategy.Steps,
        EvaluationSteps = 20,
        SaveStrategy = SaveStrategy.Steps,
        SaveSteps = 20,
        SaveTotalLimit = 3,
        LoadBestModelAtEnd = true,
        MetricForBestModel = "combined_score",
        ReleaseMemoryEvery = 50,
        MaxEvaluationRows = 100,
    };
}
