using Socratic.Training.Callbacks;
using Socratic.Training.Diagnostics;

namespace Socratic.Training.Pure.Tests.Callbacks;

/// <summary>Plays the events of a training to callbacks, with made-up figures that depend on the update alone.</summary>
internal sealed class FakeRun(string output, params ICallback[] callbacks)
{
    public static readonly MemoryFigures NoGpu = new(500_000_000);

    public TrainingOptions Options { get; init; } = new() { OutputDirectory = output };

    public TrainerState State { get; } = new() { MaxSteps = 40, Epochs = 4 };

    public TrainerControl Control { get; } = new();

    public RecordingLoggers Loggers { get; } = new();

    public ManualClock Clock { get; } = new();

    public int LogEvery { get; init; } = 5;

    public int EvaluateEvery { get; init; } = 10;

    public FakeRun Begin(int step = 0, IEnumerable<LogEntry>? history = null)
    {
        State.GlobalStep = step;
        State.Epoch = step / 10.0;
        State.RestoreLogs(history ?? []);
        Each(c => c.OnInitEnd(new InitEndEvent(State, Control, Options, Loggers, Clock)));
        Each(c => c.OnTrainBegin(new TrainBeginEvent(State, Control, Options, step == 0 ? null : Path.Combine(output, $"checkpoint-{step}"))));
        return this;
    }

    public FakeRun To(int step)
    {
        while (State.GlobalStep < step)
        {
            State.GlobalStep++;
            State.Epoch = State.GlobalStep / 10.0;
            Clock.Pass(2);
            Control.ShouldLog = State.GlobalStep % LogEvery == 0;
            Each(c => c.OnStepEnd(new StepEndEvent(State, Control, Options, new StepFigures(1e-4, 1.5, 8, 100, TimeSpan.FromSeconds(1.5), Tokens: 300))));
            if (Control.ShouldLog) Log(new TrainingLogEntry(State.GlobalStep, State.Epoch, 2.0 / State.GlobalStep, 1.5, 1e-4));
            if (State.GlobalStep % EvaluateEvery == 0) Evaluate(0.5 + (State.GlobalStep / 100.0), 0.6);
        }
        return this;
    }

    public FakeRun Evaluate(double style, double flow)
    {
        var result = new EvaluationResult("eval", 0.9, 60, TimeSpan.FromSeconds(3),
            [new("style_consistency", style), new("dialogue_flow", flow), new("combined_score", (0.6 * style) + (0.4 * flow)), new("question_word_share", 0.25), new("question_ending_share", 0.5)]);
        Log(new EvaluationLogEntry(State.GlobalStep, State.Epoch, result.Values, 60, 15, result.Runtime));
        Each(c => c.OnEvaluate(new EvaluateEvent(State, Control, Options, result)));
        return this;
    }

    public FakeRun Save()
    {
        Each(c => c.OnSave(new SaveEvent(State, Control, Options, Path.Combine(output, $"checkpoint-{State.GlobalStep}"))));
        return this;
    }

    public FakeRun End()
    {
        Log(new SummaryLogEntry(State.GlobalStep, State.Epoch, 0.7, TimeSpan.FromSeconds(80), 4, 0.5, 0));
        Each(c => c.OnTrainEnd(new TrainEndEvent(State, Control, Options, TimeSpan.FromSeconds(60))));
        return this;
    }

    public void Fail(Exception error, IReadOnlyList<int> rows, string? last, string? failing)
        => Each(c => c.OnError(new ErrorEvent(State, Options, error, Clock.GetUtcNow(), rows, last, failing)));

    private void Log(LogEntry entry)
    {
        State.AddLog(entry);
        Control.ShouldLog = false;
        Each(c => c.OnLog(new LogEvent(State, Control, Options, entry)));
    }

    private void Each(Action<ICallback> call) => Array.ForEach(callbacks, call);
}
