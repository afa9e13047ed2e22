using Microsoft.Extensions.Logging;
using Socratic.Training.Data;
using Socratic.Training.Data.Sampling;
using Socratic.Training.Diagnostics;
using Socratic.Training.Evaluation;
using Socratic.Training.Loop;
using Socratic.Training.Native;
using Socratic.Training.Optimization;
using Socratic.Training.Optimization.Schedules;
using static TorchSharp.torch;

namespace Socratic.Training;

/// <summary>
/// Trains a module: the loop, its state, its events. It computes what transformers' Trainer computes and is subclassed where a program wants something else.
/// Everything runs on the thread that calls <see cref="Train"/>.
/// </summary>
/// <typeparam name="TBatch">The kind of batch.</typeparam>
public abstract partial class Trainer<TBatch> : IDisposable
    where TBatch : class, IBatch
{
    private readonly nn.Module module;
    private readonly IDataset<TBatch> trainData;
    private readonly IDataset<TBatch>? evaluationData;
    private readonly IMetrics<TBatch>? metrics;
    private readonly RunPlan wholePlan;
    private CallbackDispatcher events;
    private RunPlan plan;
    private readonly BestModel? best;
    private readonly Device device;
    private readonly TensorGuard? guard;

    /// <summary>Checks the options and prepares a run; nothing is written yet.</summary>
    /// <param name="module">The module to train. The trainer does not own it.</param>
    /// <param name="options">The options.</param>
    /// <param name="train">The training rows.</param>
    /// <param name="evaluation">The held-out rows, or null.</param>
    /// <param name="metrics">What evaluations compute beside the loss, or null.</param>
    /// <param name="callbacks">Called in this order.</param>
    /// <param name="services">What the host provides.</param>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">Options are wrong, all of them listed.</exception>
    protected Trainer(
        nn.Module module, TrainingOptions options, IDataset<TBatch> train, IDataset<TBatch>? evaluation = null,
        IMetrics<TBatch>? metrics = null, IReadOnlyList<ICallback>? callbacks = null, TrainerServices? services = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(train);
        options.Validate();
        TrainerChecks.Module(options, module);
        this.module = module;
        Options = options;
        trainData = train;
        evaluationData = evaluation;
        this.metrics = metrics;
        Services = services ?? new TrainerServices();
        Log = Services.LoggerFactory.CreateLogger(GetType().FullName ?? nameof(Trainer<>));
        TrainerChecks.Data(options, train.Count, evaluation?.Count);
        plan = wholePlan = RunPlan.Create(options, train.Count);
        TrainerChecks.Plan(options, plan);
        State = NewState();
        best = BestModel.Create(options);
        device = module.parameters().FirstOrDefault()?.device ?? CPU;
        guard = options.WatchTensors ? new TensorGuard((place, count) => Log.TensorsLeftBehind(place, count)) : null;
        events = new CallbackDispatcher(callbacks ?? [], State, Control, options, plan, guard);
        events.InitEnd(Services);
    }

    /// <summary>The options of the run.</summary>
    public TrainingOptions Options { get; private set; }

    /// <summary>Where the run stands.</summary>
    public TrainerState State { get; private set; }

    /// <summary>What the loop does next.</summary>
    public TrainerControl Control { get; } = new();

    /// <summary>The rate of the next update; NaN while no training runs.</summary>
    public double NextLearningRate => session?.LearningRate ?? double.NaN;

    /// <summary>What the host provides.</summary>
    protected TrainerServices Services { get; }

    /// <summary>The library's log.</summary>
    protected ILogger Log { get; }

    /// <summary>The held-out rows.</summary>
    /// <exception cref="InvalidOperationException">There are none.</exception>
    protected IDataset<TBatch> EvaluationData => evaluationData
        ?? throw new InvalidOperationException("There is no evaluation data: give the trainer's constructor some, or pass some to Evaluate.");

    /// <summary>Runs the training, or goes on with one, and writes the final files into the output folder.</summary>
    /// <param name="resumeFrom">
    /// The folder of a checkpoint to go on from. Null asks the run policy, which looks at what stands in the output folder.
    /// </param>
    /// <param name="cancellationToken">Looked at after each update and each evaluation batch: the run saves a checkpoint and ends as <see cref="TrainingOutcome.Stopped"/>.</param>
    /// <exception cref="CallbackException">A callback threw; it is named.</exception>
    /// <exception cref="NonFiniteException">A loss or gradient was not finite and <see cref="TrainingOptions.NonFinite"/> says stop.</exception>
    public TrainingResult Train(string? resumeFrom = null, CancellationToken cancellationToken = default)
    {
        if (Options.DryRun)
        {
            if (resumeFrom is not null) throw new ArgumentException($"{nameof(Options.DryRun)} is set: a dry run begins anew, in a folder of its own. Leave the checkpoint out.", nameof(resumeFrom));
            using var equipped = Equip();
            return RunDry(cancellationToken);
        }
        var start = Begin(resumeFrom);
        if (start.EndsHere is { } outcome) return new TrainingResult(outcome, State, null);
        try
        {
            using var equipped = Equip();
            return Run(start, cancellationToken);
        }
        catch (Exception error)
        {
            ReportError(error);
            throw;
        }
    }

    /// <summary>In which numbers the module is trained, <see cref="TrainingPrecision.Auto"/> decided.</summary>
    private protected virtual TrainingPrecision ResolvedPrecision => TrainingPrecision.AsLoaded;

    /// <summary>The dtype of the module's weights, for the log and training_config.json; null where that is not known.</summary>
    private protected virtual string? ModelDtype => null;

    /// <summary>Sets on the module what the options ask of it; disposing the result takes it back.</summary>
    private protected virtual IDisposable? Equip() => null;

    /// <summary>Forward, loss and backward of one micro-batch. The loss is divided so that the window's gradients add up to those of its mean.</summary>
    /// <returns>The divided loss: a detached 0-d tensor, so that the host waits for the device once an update only.</returns>
    protected virtual Tensor TrainingStep(TBatch batch, StepContext step)
    {
        var loss = ComputeLoss(batch, step);
        var divisor = loss.IsSum ? Math.Max(step.TargetCount, 1) : step.MicroBatches;
        var share = divisor == 1 ? loss.Value : loss.Value.DividedBy(divisor);
        share.backward();
        return share.detach();
    }

    /// <summary>The loss of a batch, attached to the graph. Also used by <see cref="EvaluationStep"/>.</summary>
    protected abstract Loss ComputeLoss(TBatch batch, StepContext step);

    /// <summary>The loss of an evaluation batch and what the metrics look at. Runs without gradients.</summary>
    protected virtual StepOutput EvaluationStep(TBatch batch) => new(ComputeLoss(batch, new StepContext(State.GlobalStep, 0, 1, batch.TargetCount)));

    /// <summary>Called after each update, before the step's events.</summary>
    protected virtual void OnUpdated()
    {
    }

    /// <summary>
    /// The optimizer that the options name over the trainable parameters, in HF's two groups: decayed, then not. An override gives any other: one of ours, or torch.optim's in a
    /// <see cref="TorchOptimizer"/>.
    /// </summary>
    protected virtual IOptimizer CreateOptimizer() => Services.OptimizerFactory?.Create(module, Options) ?? OptimizerChoice.Create(Options, module);

    /// <summary>The schedule the options name.</summary>
    protected virtual ILearningRateSchedule CreateSchedule() => Schedules.Create(Options.Schedule, Options.ScheduleOptions, Options.LearningRate, wholePlan.WarmupSteps, wholePlan.MaxSteps);

    /// <summary>The order the options name, as transformers draws it: a permutation from the seed; grouped by length, one from torch's global generator.</summary>
    protected virtual ISampler CreateSampler() => Options.Sampling switch
    {
        SamplingStrategy.Sequential => new SequentialSampler(),
        SamplingStrategy.GroupByLength => new LengthGroupedSampler(trainData.LengthOf, Options.TrainBatchSize * Options.GradientAccumulationSteps, (_, rows) => GeneratorDraws.Permutation(rows)),
        _ => new RandomSampler(Options.DataSeed ?? Options.Seed),
    };

    private TrainerState NewState() => new()
    {
        MaxSteps = plan.MaxSteps,
        Epochs = plan.Epochs,
        LoggingSteps = plan.LoggingSteps,
        EvaluationSteps = plan.EvaluationSteps,
        SaveSteps = plan.SaveSteps,
        TrainBatchSize = Options.TrainBatchSize,
    };

    /// <summary>Gives memory back to the system: managed memory, the C heap, the GPU's cache.</summary>
    protected void ReleaseMemory()
    {
        var released = Services.MemoryReleaser.Release();
        events.MemoryReleased(released.BytesBefore, released.BytesAfter);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the optimizer's state and the gradients.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing) return;
        session?.Dispose();
        session = null;
    }
}
