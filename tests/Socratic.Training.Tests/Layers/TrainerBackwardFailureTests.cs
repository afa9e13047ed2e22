using Socratic.Training.Layers;
using Socratic.Training.Layers.Kernels;
using Socratic.Training.Tests.GoldenRuns;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Layers;

/// <summary>What a trainer does after a backward that failed.</summary>
public sealed class TrainerBackwardFailureTests
{
    [Theory, InlineData(false), InlineData(true)]
    public void TheOriginalComesOutOfTrainAndANextRunWorks(bool stepMissesTheGradients)
    {
        using var output = new TestFolder();
        using var module = new FailingModule();
        var error = new InvalidOperationException("no memory");
        using (var failing = new FailingTrainer(module, output.Path) { FailsAt = 1, Error = error, StepMissesTheGradients = stepMissesTheGradients })
        {
            Assert.Same(error, Assert.Throws<InvalidOperationException>(() => failing.Train()));
            Assert.Equal(1, failing.State.GlobalStep);
        }
        using var next = new FailingTrainer(module, output.Path);
        var result = next.Train();
        Assert.Equal((TrainingOutcome.Completed, 3), (result.Outcome, result.State.GlobalStep));
    }

    [Fact]
    public void AnotherLoopsFailureIsLoggedAndStopsNoTraining()
    {
        using var output = new TestFolder();
        using var module = new FailingModule();
        var log = new RecordingLog();
        BackwardFailure.Keep(new InvalidOperationException("nobody asked"));
        using var trainer = new FailingTrainer(module, output.Path, new TrainerServices { LoggerFactory = log });
        Assert.Equal(TrainingOutcome.Completed, trainer.Train().Outcome);
        Assert.Single(log.Lines, l => l.Contains("A backward outside this training failed", StringComparison.Ordinal));
        BackwardFailure.Throw();
    }

    private sealed class FailingModule : nn.Module<Tensor, Tensor>
    {
        private readonly Parameter norm = new(ones(8));
        private readonly Parameter head = new(randn(4, 8));

        public FailingModule()
            : base(nameof(FailingModule))
        {
            register_parameter("norm", norm);
            register_parameter("head", head);
        }

        public Failure Failure { get; } = new();

        public Parameter Norm => norm;

        public override Tensor forward(Tensor input)
        {
            var hidden = FailingFunction.Apply(FusedNorm.Apply(input, norm, 1e-6, 0, ScalarType.Float32), Failure);
            return nn.functional.linear(FusedGate.Apply(hidden, hidden, Activation.Silu), head);
        }

        protected override void RegisterComponents()
        {
        }
    }

    private sealed class FailingTrainer(FailingModule module, string output, TrainerServices? services = null)
        : Trainer<ToyBatch>(module, Settings(output), Rows(), services: services)
    {
        public int? FailsAt { get; init; }

        public Exception? Error { get; init; }

        public bool StepMissesTheGradients { get; init; }

        protected override Loss ComputeLoss(ToyBatch batch, StepContext step)
        {
            module.Failure.InBackward = step.GlobalStep == FailsAt ? Error : null;
            return Loss.Mean(nn.functional.cross_entropy(module.call(batch.X), batch.Labels));
        }

        protected override Tensor TrainingStep(ToyBatch batch, StepContext step)
        {
            var loss = base.TrainingStep(batch, step);
            if (StepMissesTheGradients && module.Failure.InBackward is not null) throw new NotSupportedException("a step of one's own, which finds no gradient");
            return loss;
        }

        private static TrainingOptions Settings(string output) => new() { OutputDirectory = output, TrainBatchSize = 2, LearningRate = 0.01, MaxSteps = 3, ExistingRun = ExistingRunPolicy.Overwrite };

        private static ToyData Rows() => new([.. Enumerable.Range(0, 6).Select(r => Enumerable.Range(0, 8).Select(i => (r * 7 + i) % 5 / 5f).ToArray())], [0, 1, 2, 3, 0, 1]);
    }
}
