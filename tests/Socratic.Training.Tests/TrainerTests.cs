using Socratic.Training.Callbacks;
using Socratic.Training.Data;
using Socratic.Training.Optimization;
using Socratic.Training.Tests.GoldenRuns;
using static TorchSharp.torch;

namespace Socratic.Training.Tests;

public sealed class TrainerTests
{
    [Fact]
    public void TenThousandUpdatesLeaveNoTensorBehind()
    {
        using var output = new TestFolder();
        using var module = new ToyModule(4, 0.1);
        var probe = new CountProbe();
        FinalizeLeftovers();
        using (var trainer = new PlainTrainer(module, Options(output.Path) with { MaxSteps = 10_000, LoggingSteps = 500 }, Rows(64), null, [probe])) trainer.Train();
        Assert.Single(probe.Tensors.Distinct());
        Assert.True(probe.BytesPerStep < 1024, $"{probe.BytesPerStep} bytes a step from step 1,000 on");
    }

    [Fact]
    public void ATrainingFreesWhatItMade()
    {
        using var output = new TestFolder();
        using var module = new ToyModule(4, 0);
        void Once()
        {
            using var trainer = new PlainTrainer(
                module, Options(output.Path) with { MaxSteps = 6, EvaluationStrategy = IntervalStrategy.Steps, EvaluationSteps = 2, SaveSteps = 2, ExistingRun = ExistingRunPolicy.Overwrite }, Rows(8), Rows(5), []);
            trainer.Train();
        }
        Once();
        FinalizeLeftovers();
        var before = Tensor.TotalCount;
        Once();
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void OptionsThatOnlyALanguageModelHeedsAreRefusedForOthers()
    {
        using var module = new ToyModule(4, 0);
        var error = Assert.Throws<Microsoft.Extensions.Options.OptionsValidationException>(
            () => new PlainTrainer(module, Options("out") with { LabelSmoothingFactor = 0.1, NeftuneNoiseAlpha = 5 }, Rows(8), null, []));
        Assert.Equal([nameof(TrainingOptions.LabelSmoothingFactor), nameof(TrainingOptions.NeftuneNoiseAlpha)], error.Failures.Select(f => f.Split(' ')[0]));
    }

    [Fact]
    public void ACallbackThatThrowsIsNamedAndTheCheckpointsStay()
    {
        using var output = new TestFolder();
        using var module = new ToyModule(4, 0);
        var errors = new ErrorProbe();
        using var trainer = new PlainTrainer(module, Options(output.Path) with { MaxSteps = 6, SaveSteps = 2 }, Rows(8), null, [new Thrower(5), errors]);
        var error = Assert.Throws<CallbackException>(() => trainer.Train());
        Assert.Equal("The callback Thrower failed in StepEnd: enough", error.Message);
        Assert.True(Directory.Exists(Path.Combine(output.Path, "checkpoint-4")));
        Assert.Equal(("CallbackException", 5), (errors.Seen!.Value.Kind, errors.Seen.Value.State.GlobalStep));
        Assert.StartsWith("toy row", errors.Seen.Value.LastDialogue, StringComparison.Ordinal);
        Assert.NotEmpty(errors.Seen.Value.FailingRows);
    }

    [Fact]
    public void ACancelledRunSavesAndGoesOnAsIfItHadNeverBeenStopped()
    {
        using var whole = new TestFolder();
        using var parts = new TestFolder();
        using var first = Same();
        Train(first, whole.Path, null);
        var expected = Weights(first);

        // Cancelled in the middle of an evaluation: it is still due when the run goes on.
        using var second = Same();
        using var cancellation = new CancellationTokenSource();
        var stopped = Train(second, parts.Path, new Canceller(cancellation, evaluationBatch: 2), cancellation.Token);
        Assert.Equal((TrainingOutcome.Stopped, 1), (stopped.Outcome, stopped.ExitCode));
        Assert.Equal(4, stopped.State.GlobalStep);
        using var third = Same();
        var resumed = Train(third, parts.Path, null);
        Assert.Equal(TrainingOutcome.Completed, resumed.Outcome);
        Assert.Equal(expected, Weights(third));
        Assert.Equal([4, 8, 12], resumed.State.LogHistory.OfType<EvaluationLogEntry>().Select(e => e.Step));

        static ToyModule Same()
        {
            manual_seed(1);
            return new ToyModule(4, 0.2);
        }

        static TrainingResult Train(ToyModule module, string output, ICallback? callback, CancellationToken cancellation = default)
        {
            var options = Options(output) with { MaxSteps = 12, EvaluationStrategy = IntervalStrategy.Steps, EvaluationSteps = 4, SaveSteps = 4, EvaluationBatchSize = 1, LoadBestModelAtEnd = true };
            using var trainer = new PlainTrainer(module, options, Rows(10), Rows(5), callback is null ? [] : [callback]);
            return trainer.Train(null, cancellation);
        }
    }

    [Theory]
    [InlineData(OptimizerKind.AdamW, typeof(AdamW)), InlineData(OptimizerKind.Sgd, typeof(Sgd)), InlineData(OptimizerKind.Adafactor, typeof(Adafactor)), InlineData(OptimizerKind.Lion, typeof(Lion))]
    public void TheOptionsNameTheOptimizer(OptimizerKind kind, Type type)
    {
        using var output = new TestFolder();
        using var module = new ToyModule(4, 0);
        var options = Options(output.Path) with { Optimizer = kind, Momentum = kind == OptimizerKind.Sgd ? 0.5 : 0, MaxSteps = 3 };
        using var trainer = new PlainTrainer(module, options, Rows(8), null, []);
        var before = Weights(module);
        trainer.Train();
        Assert.IsType(type, trainer.Optimizer);
        Assert.NotEqual(before, Weights(module));
        // With momentum or moments there is state beside the counts of steps.
        Assert.Contains(trainer.Kinds, k => k != "step");
    }

    [Fact]
    public void AnOptimizerOfAnotherPackageIsNamedBeforeAnythingIsWritten()
    {
        using var output = new TestFolder();
        using var module = new ToyModule(4, 0);
        using var trainer = new PlainTrainer(module, Options(output.Path) with { Optimizer = OptimizerKind.AdamW8Bit, MaxSteps = 1 }, Rows(8), null, []);
        Assert.Contains("Socratic.Training.Quantization", Assert.Throws<NotSupportedException>(() => trainer.Train()).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(output.Path));
    }

    [Fact]
    public void ADryRunChecksTheRunAndLeavesNothing()
    {
        using var output = new TestFolder();
        using var module = new ToyModule(4, 0.2);
        var (folder, log) = (Path.Combine(output.Path, "run"), new RecordingLog());
        var options = Options(folder) with
        {
            DryRun = true, MaxSteps = 12, EvaluationStrategy = IntervalStrategy.Steps, EvaluationSteps = 4, SaveSteps = 4, EvaluationBatchSize = 2, LoadBestModelAtEnd = true, WarmupSteps = 5,
        };
        var scratch = ScratchFolders();
        manual_seed(9);
        using var generator = get_rng_state();
        var (before, state) = (Weights(module), generator.data<byte>().ToArray());
        using (var trainer = new PlainTrainer(module, options, Rows(5), Rows(5), [new Thrower(1)], new TrainerServices { LoggerFactory = log }))
        {
            var result = trainer.Train();
            Assert.Equal((TrainingOutcome.DryRun, 0, 0), (result.Outcome, result.ExitCode, result.State.GlobalStep));
            Assert.NotNull(result.Evaluation);
            Assert.Equal((folder, 12), (trainer.Options.OutputDirectory, trainer.State.MaxSteps));
            Assert.Throws<ArgumentException>(() => trainer.Train("checkpoint-1"));
        }
        using var after = get_rng_state();
        Assert.Equal(before, Weights(module));
        Assert.Equal(state, after.data<byte>().ToArray());
        Assert.False(Directory.Exists(folder));
        Assert.Equal(scratch, ScratchFolders());
        Assert.Contains(log.Lines, l => l.Contains("Dry run: 2 updates", StringComparison.Ordinal) && l.Contains("Peak memory", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Lines, l => l.Contains("other values", StringComparison.Ordinal));
    }

    private static string[] ScratchFolders() => Directory.GetDirectories(Path.GetTempPath(), "socratic-dry-run-*");

    [Fact]
    public void OptionsAndDataAreCheckedBeforeAnythingIsWritten()
    {
        using var output = new TestFolder();
        var folder = Path.Combine(output.Path, "run");
        using var module = new ToyModule(4, 0);
        var error = Assert.Throws<Microsoft.Extensions.Options.OptionsValidationException>(
            () => new PlainTrainer(module, Options(folder) with { EvaluationStrategy = IntervalStrategy.Steps, EvaluationSteps = 2 }, Rows(0), null, []));
        Assert.Equal(2, error.Failures.Count());
        Assert.False(Directory.Exists(folder));
    }

    // Tensors that earlier tests dropped would otherwise be finalized in the middle of the count.
    private static void FinalizeLeftovers()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    private static TrainingOptions Options(string output) => new() { OutputDirectory = output, TrainBatchSize = 2, LearningRate = 0.01 };

    private static ToyData Rows(int count)
    {
        var random = new Random(3);
        return new ToyData([.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, 8).Select(_ => random.NextSingle()).ToArray())], [.. Enumerable.Range(0, count).Select(i => (long)i % 4)]);
    }

    private static float[] Weights(ToyModule module)
    {
        using var scope = NewDisposeScope();
        return [.. module.parameters().SelectMany(p => p.detach().reshape(-1).data<float>().ToArray())];
    }

    private sealed class PlainTrainer(ToyModule module, TrainingOptions options, ToyData train, ToyData? evaluation, IReadOnlyList<ICallback> callbacks, TrainerServices? services = null)
        : Trainer<ToyBatch>(module, options, train, evaluation, callbacks: callbacks, services: services)
    {
        internal IOptimizer? Optimizer { get; private set; }

        internal IReadOnlyList<string> Kinds { get; private set; } = [];

        protected override IOptimizer CreateOptimizer() => Optimizer = base.CreateOptimizer();

        protected override void OnUpdated()
        {
            if (State.GlobalStep == 1) Kinds = [.. Optimizer!.StateTensors().Keys.Select(k => k.Split('.')[^1])];
        }

        protected override Loss ComputeLoss(ToyBatch batch, StepContext step) => Loss.Mean(nn.functional.cross_entropy(module.forward(batch.X), batch.Labels));
    }

    private sealed class CountProbe : ICallback
    {
        private long startBytes;

        internal List<long> Tensors { get; } = [];

        internal double BytesPerStep { get; private set; }

        public void OnStepEnd(in StepEndEvent e)
        {
            if (e.State.GlobalStep < 1000 || e.State.GlobalStep % 500 != 0) return;
            Tensors.Add(Tensor.TotalCount);
            var bytes = Diagnostics.HostMemory.Resident();
            if (startBytes == 0) startBytes = bytes;
            else BytesPerStep = (bytes - startBytes) / (double)(e.State.GlobalStep - 1000);
        }
    }

    private sealed class Thrower(int step) : ICallback
    {
        public void OnStepEnd(in StepEndEvent e)
        {
            if (e.State.GlobalStep == step) throw new InvalidOperationException("enough");
        }
    }

    private sealed class ErrorProbe : ICallback
    {
        internal ErrorEvent? Seen { get; private set; }

        public void OnError(in ErrorEvent e) => Seen = e;
    }

    private sealed class Canceller(CancellationTokenSource source, int evaluationBatch) : ICallback
    {
        private int batches;

        public void OnPredictionStep(in PredictionStepEvent e)
        {
            if (++batches == evaluationBatch) source.Cancel();
        }
    }
}
