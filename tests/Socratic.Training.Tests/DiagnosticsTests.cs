using Microsoft.Extensions.Logging;
using Socratic.Training.Callbacks;
using Socratic.Training.Tests.GoldenRuns;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Tests;

/// <summary>What the trainer says of mistakes in a user's own code.</summary>
public sealed class DiagnosticsTests
{
    [Fact]
    public void ATrainableTensorWithoutAGradientIsNamedAfterTwoUpdates()
    {
        var log = new ListLog();
        Train(new HalfUsed(), log, []);
        Assert.Equal("1 trainable tensors got no gradient in the first updates and are not trained: unused.weight", Assert.Single(log.Lines, l => l.Contains("no gradient", StringComparison.Ordinal)));
    }

    [Fact]
    public void TheCallbackThatLeavesTensorsBehindIsNamedOnce()
    {
        var log = new ListLog();
        var leak = new Leaky();
        Train(new HalfUsed(), log, [leak]);
        Assert.StartsWith("The callback Leaky (StepEnd) left 1 tensors behind", Assert.Single(log.Lines, l => l.Contains("left", StringComparison.Ordinal)), StringComparison.Ordinal);
        leak.Dispose();
    }

    [Fact]
    public void TheHookThatLeavesTensorsBehindIsNamed()
    {
        var log = new ListLog();
        var kept = new List<Tensor>();
        Train(new HalfUsed(), log, [], kept);
        Assert.StartsWith("HalfTrainer.TrainingStep left 1 tensors behind", Assert.Single(log.Lines, l => l.Contains("left", StringComparison.Ordinal)), StringComparison.Ordinal);
        kept.ForEach(t => t.Dispose());
    }

    private static void Train(HalfUsed module, ListLog log, IReadOnlyList<ICallback> callbacks, List<Tensor>? kept = null)
    {
        using var output = new TestFolder();
        using var owned = module;
        var rows = new ToyData([.. Enumerable.Range(0, 8).Select(i => Enumerable.Repeat(i / 8f, 8).ToArray())], new long[8]);
        var options = new TrainingOptions { OutputDirectory = output.Path, MaxSteps = 6, TrainBatchSize = 2, SaveStrategy = SaveStrategy.No, WatchTensors = true };
        using var trainer = new HalfTrainer(module, options, rows, callbacks, new TrainerServices { LoggerFactory = log }, kept);
        trainer.Train();
    }

    private sealed class HalfUsed : nn.Module<Tensor, Tensor>
    {
        private readonly Linear used;

        internal HalfUsed()
            : base("half")
        {
            register_module("used", used = nn.Linear(8, 4));
            register_module("unused", nn.Linear(2, 2, hasBias: false));
        }

        public override Tensor forward(Tensor input) => used.forward(input);
    }

    private sealed class HalfTrainer(HalfUsed module, TrainingOptions options, ToyData train, IReadOnlyList<ICallback> callbacks, TrainerServices services, List<Tensor>? kept)
        : Trainer<ToyBatch>(module, options, train, callbacks: callbacks, services: services)
    {
        protected override Tensor TrainingStep(ToyBatch batch, StepContext step)
        {
            kept?.Add(zeros(1).DetachFromDisposeScope());
            return base.TrainingStep(batch, step);
        }

        protected override Loss ComputeLoss(ToyBatch batch, StepContext step) => Loss.Mean(module.forward(batch.X).pow(2).mean());
    }

    private sealed class Leaky : ICallback, IDisposable
    {
        private readonly List<Tensor> kept = [];

        public void OnStepEnd(in StepEndEvent e) => kept.Add(zeros(1).DetachFromDisposeScope());

        public void Dispose() => kept.ForEach(t => t.Dispose());
    }

    private sealed class ListLog : ILoggerFactory, ILogger
    {
        internal List<string> Lines { get; } = [];

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Add(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
