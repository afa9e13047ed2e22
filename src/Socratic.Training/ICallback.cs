using Socratic.Training.Callbacks;

namespace Socratic.Training;

/// <summary>
/// Looks on while a trainer runs, and can steer it through <see cref="TrainerControl"/>. Every method does nothing by default; implement those you need.
/// The order of events is that of transformers' Trainer. A callback that throws stops the run with its name in the error; the checkpoints stay.
/// </summary>
public interface ICallback
{
    /// <summary>The trainer was constructed.</summary>
    void OnInitEnd(in InitEndEvent e)
    {
    }

    /// <summary>A training begins.</summary>
    void OnTrainBegin(in TrainBeginEvent e)
    {
    }

    /// <summary>An epoch begins.</summary>
    void OnEpochBegin(in EpochBeginEvent e)
    {
    }

    /// <summary>An accumulation window begins.</summary>
    void OnStepBegin(in StepBeginEvent e)
    {
    }

    /// <summary>A micro-batch that is not the last of its window was worked through.</summary>
    void OnSubstepEnd(in SubstepEndEvent e)
    {
    }

    /// <summary>The gradient stands; the optimizer has not moved yet.</summary>
    void OnPreOptimizerStep(in PreOptimizerStepEvent e)
    {
    }

    /// <summary>The optimizer has moved the weights.</summary>
    void OnOptimizerStep(in OptimizerStepEvent e)
    {
    }

    /// <summary>An update is finished.</summary>
    void OnStepEnd(in StepEndEvent e)
    {
    }

    /// <summary>Something was logged.</summary>
    void OnLog(in LogEvent e)
    {
    }

    /// <summary>A batch of an evaluation was worked through.</summary>
    void OnPredictionStep(in PredictionStepEvent e)
    {
    }

    /// <summary>An evaluation is finished.</summary>
    void OnEvaluate(in EvaluateEvent e)
    {
    }

    /// <summary>A checkpoint was written and verified.</summary>
    void OnSave(in SaveEvent e)
    {
    }

    /// <summary>An epoch has ended.</summary>
    void OnEpochEnd(in EpochEndEvent e)
    {
    }

    /// <summary>A training has ended.</summary>
    void OnTrainEnd(in TrainEndEvent e)
    {
    }

    /// <summary>Memory was given back.</summary>
    void OnMemoryReleased(in MemoryReleasedEvent e)
    {
    }

    /// <summary>The run fails.</summary>
    void OnError(in ErrorEvent e)
    {
    }
}
