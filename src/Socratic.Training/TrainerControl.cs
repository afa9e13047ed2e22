namespace Socratic.Training;

/// <summary>
/// What the loop does next. The default flow sets the flags before callbacks are called, so a callback can set them or take them back.
/// </summary>
public sealed class TrainerControl
{
    /// <summary>Stops the run after the current micro-batch; cleared when a training begins.</summary>
    public bool ShouldTrainingStop { get; set; }

    /// <summary>Ends the current epoch after the current micro-batch; cleared when an epoch begins.</summary>
    public bool ShouldEpochStop { get; set; }

    /// <summary>Logs the loss; cleared when a window begins and by the log itself.</summary>
    public bool ShouldLog { get; set; }

    /// <summary>Evaluates; cleared when a window begins and by the evaluation itself.</summary>
    public bool ShouldEvaluate { get; set; }

    /// <summary>Saves a checkpoint; cleared when a window begins and by the save itself.</summary>
    public bool ShouldSave { get; set; }
}
