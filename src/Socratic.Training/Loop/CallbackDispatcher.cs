using Socratic.Training.Callbacks;

namespace Socratic.Training.Loop;

/// <summary>
/// Calls the callbacks, after the default flow has set the flags (transformers' DefaultFlowCallback). The flags an event answers are cleared before callbacks see it.
/// </summary>
internal sealed class CallbackDispatcher(IReadOnlyList<ICallback> callbacks, TrainerState state, TrainerControl control, TrainingOptions options, RunPlan plan, TensorGuard? guard)
{
    private delegate void Call<TEvent>(ICallback callback, in TEvent e);

    internal IReadOnlyList<ICallback> Callbacks => callbacks;

    internal void InitEnd(TrainerServices services)
        => Each(new InitEndEvent(state, control, options, services.LoggerFactory, services.TimeProvider), static (ICallback c, in InitEndEvent e) => c.OnInitEnd(e));

    internal void TrainBegin(string? resumedFrom)
    {
        control.ShouldTrainingStop = false;
        Each(new TrainBeginEvent(state, control, options, resumedFrom), static (ICallback c, in TrainBeginEvent e) => c.OnTrainBegin(e));
    }

    internal void EpochBegin()
    {
        control.ShouldEpochStop = false;
        Each(new EpochBeginEvent(state, control, options), static (ICallback c, in EpochBeginEvent e) => c.OnEpochBegin(e));
    }

    internal void StepBegin()
    {
        control.ShouldLog = control.ShouldEvaluate = control.ShouldSave = false;
        Each(new StepBeginEvent(state, control, options), static (ICallback c, in StepBeginEvent e) => c.OnStepBegin(e));
    }

    internal void SubstepEnd() => Each(new SubstepEndEvent(state, control, options), static (ICallback c, in SubstepEndEvent e) => c.OnSubstepEnd(e));

    internal void PreOptimizerStep(double norm)
        => Each(new PreOptimizerStepEvent(state, control, options, norm), static (ICallback c, in PreOptimizerStepEvent e) => c.OnPreOptimizerStep(e));

    internal void OptimizerStep() => Each(new OptimizerStepEvent(state, control, options), static (ICallback c, in OptimizerStepEvent e) => c.OnOptimizerStep(e));

    internal void StepEnd(StepFigures step)
    {
        var done = state.GlobalStep;
        var evaluates = options.EvaluationStrategy == IntervalStrategy.Steps && options.EvaluationDelay <= done;
        if ((done == 1 && options.LogFirstStep) || (options.LoggingStrategy == IntervalStrategy.Steps && done % plan.LoggingSteps == 0)) control.ShouldLog = true;
        if (evaluates && done % plan.EvaluationSteps == 0) control.ShouldEvaluate = true;
        if (options.SaveStrategy == SaveStrategy.Steps && done % plan.SaveSteps == 0) control.ShouldSave = true;
        if (done >= plan.MaxSteps)
        {
            control.ShouldTrainingStop = true;
            control.ShouldEvaluate |= evaluates;
            control.ShouldSave |= options.SaveStrategy == SaveStrategy.Steps;
        }
        Each(new StepEndEvent(state, control, options, step), static (ICallback c, in StepEndEvent e) => c.OnStepEnd(e));
    }

    internal void EpochEnd()
    {
        control.ShouldLog |= options.LoggingStrategy == IntervalStrategy.Epoch;
        control.ShouldEvaluate |= options.EvaluationStrategy == IntervalStrategy.Epoch && options.EvaluationDelay <= state.Epoch;
        control.ShouldSave |= options.SaveStrategy == SaveStrategy.Epoch;
        Each(new EpochEndEvent(state, control, options), static (ICallback c, in EpochEndEvent e) => c.OnEpochEnd(e));
    }

    internal void Log(LogEntry entry)
    {
        control.ShouldLog = false;
        Each(new LogEvent(state, control, options, entry), static (ICallback c, in LogEvent e) => c.OnLog(e));
    }

    internal void PredictionStep() => Each(new PredictionStepEvent(state, control, options), static (ICallback c, in PredictionStepEvent e) => c.OnPredictionStep(e));

    internal void Evaluate(EvaluationResult result)
    {
        control.ShouldEvaluate = false;
        Each(new EvaluateEvent(state, control, options, result), static (ICallback c, in EvaluateEvent e) => c.OnEvaluate(e));
    }

    internal void Save(string directory)
    {
        control.ShouldSave = false;
        Each(new SaveEvent(state, control, options, directory), static (ICallback c, in SaveEvent e) => c.OnSave(e));
    }

    internal void TrainEnd(TimeSpan loop) => Each(new TrainEndEvent(state, control, options, loop), static (ICallback c, in TrainEndEvent e) => c.OnTrainEnd(e));

    internal void MemoryReleased(long before, long after)
        => Each(new MemoryReleasedEvent(state, before, after), static (ICallback c, in MemoryReleasedEvent e) => c.OnMemoryReleased(e));

    /// <summary>Tells every callback of an error. One that fails here must not hide the error: its own failure is handed to <paramref name="failed"/>.</summary>
    internal void Error(in ErrorEvent e, Action<ICallback, Exception> failed)
    {
        foreach (var callback in callbacks)
        {
            try
            {
                callback.OnError(e);
            }
            catch (Exception inner)
            {
                failed(callback, inner);
            }
        }
    }

    private static string NameOf<TEvent>() => typeof(TEvent).Name.Replace("Event", "", StringComparison.Ordinal);

    private void Each<TEvent>(in TEvent e, Call<TEvent> call)
        where TEvent : struct
    {
        foreach (var callback in callbacks)
        {
            var before = guard is null ? 0 : TensorGuard.Count;
            try
            {
                call(callback, e);
            }
            catch (Exception inner) when (inner is not CallbackException)
            {
                throw new CallbackException(callback.GetType().Name, NameOf<TEvent>(), inner);
            }
            guard?.Check($"The callback {callback.GetType().Name} ({NameOf<TEvent>()})", before);
        }
    }
}
