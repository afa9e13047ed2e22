using Socratic.Training.Callbacks;
using TorchSharp;

namespace Socratic.Training.Tests.GoldenRuns;

/// <summary>A rule of callbacks.json: at the n-th occurrence of an event a flag is set or taken back.</summary>
internal sealed record FlagRule(string Event, int Occurrence, string Flag, bool Value);

/// <summary>Writes down every event as callbacks.json does, and follows its rules.</summary>
internal sealed class EventRecorder(IReadOnlyList<FlagRule> rules) : ICallback
{
    internal sealed record Entry(string Event, int Step, double Epoch, string[] Control, double LearningRate, bool HasGradient, bool TrainingMode, string[] Keys);

    private readonly Dictionary<string, int> seen = [];

    internal List<Entry> Entries { get; } = [];

    internal Func<double> LearningRate { get; set; } = () => double.NaN;

    internal ToyModule? Module { get; init; }

    public void OnInitEnd(in InitEndEvent e) => Note("init_end", e.State, e.Control);

    public void OnTrainBegin(in TrainBeginEvent e) => Note("train_begin", e.State, e.Control);

    public void OnEpochBegin(in EpochBeginEvent e) => Note("epoch_begin", e.State, e.Control);

    public void OnStepBegin(in StepBeginEvent e) => Note("step_begin", e.State, e.Control);

    public void OnSubstepEnd(in SubstepEndEvent e) => Note("substep_end", e.State, e.Control);

    public void OnPreOptimizerStep(in PreOptimizerStepEvent e) => Note("pre_optimizer_step", e.State, e.Control);

    public void OnOptimizerStep(in OptimizerStepEvent e) => Note("optimizer_step", e.State, e.Control);

    public void OnStepEnd(in StepEndEvent e) => Note("step_end", e.State, e.Control);

    public void OnLog(in LogEvent e) => Note("log", e.State, e.Control, [.. Loop.HistoryJson.ToJson(e.Entry).Select(p => p.Key).Where(k => k != "step")]);

    public void OnPredictionStep(in PredictionStepEvent e) => Note("prediction_step", e.State, e.Control);

    public void OnEvaluate(in EvaluateEvent e) => Note("evaluate", e.State, e.Control);

    public void OnSave(in SaveEvent e) => Note("save", e.State, e.Control);

    public void OnEpochEnd(in EpochEndEvent e) => Note("epoch_end", e.State, e.Control);

    public void OnTrainEnd(in TrainEndEvent e) => Note("train_end", e.State, e.Control);

    private void Note(string name, TrainerState state, TrainerControl control, string[]? keys = null)
    {
        seen[name] = seen.GetValueOrDefault(name) + 1;
        Entries.Add(new Entry(name, state.GlobalStep, state.Epoch, Flags(control), LearningRate(), HasGradient(), Module?.training ?? false, keys ?? []));
        foreach (var rule in rules.Where(r => r.Event == name && r.Occurrence == seen[name])) Set(control, rule);
    }

    private bool HasGradient()
    {
        if (Module is null) return false;
        using var scope = torch.NewDisposeScope();
        return Module.parameters().Any(p => p.grad is { } g && g.ne(0).any().item<bool>());
    }

    private static string[] Flags(TrainerControl control)
    {
        var all = new (string Name, bool Value)[]
        {
            ("should_training_stop", control.ShouldTrainingStop), ("should_epoch_stop", control.ShouldEpochStop), ("should_save", control.ShouldSave),
            ("should_evaluate", control.ShouldEvaluate), ("should_log", control.ShouldLog),
        };
        return [.. all.Where(f => f.Value).Select(f => f.Name).Order(StringComparer.Ordinal)];
    }

    private static void Set(TrainerControl control, FlagRule rule)
    {
        switch (rule.Flag)
        {
            case "should_training_stop": control.ShouldTrainingStop = rule.Value; break;
            case "should_epoch_stop": control.ShouldEpochStop = rule.Value; break;
            case "should_save": control.ShouldSave = rule.Value; break;
            case "should_evaluate": control.ShouldEvaluate = rule.Value; break;
            case "should_log": control.ShouldLog = rule.Value; break;
            default: throw new ArgumentOutOfRangeException(nameof(rule), rule.Flag, "unknown flag");
        }
    }
}
