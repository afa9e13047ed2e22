using Microsoft.Extensions.Logging;

namespace Socratic.Training.Callbacks;

/// <summary>The trainer was constructed.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Control">What the loop does next.</param>
/// <param name="Options">The options of the run.</param>
/// <param name="LoggerFactory">Where the library logs to; null for nowhere.</param>
/// <param name="TimeProvider">The clock; null for the system's.</param>
public readonly record struct InitEndEvent(
    TrainerState State, TrainerControl Control, TrainingOptions Options, ILoggerFactory? LoggerFactory = null, TimeProvider? TimeProvider = null);

/// <summary>A training begins, or goes on from a checkpoint.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Control">What the loop does next.</param>
/// <param name="Options">The options of the run.</param>
/// <param name="ResumedFrom">The folder of the checkpoint it goes on from, or null.</param>
public readonly record struct TrainBeginEvent(TrainerState State, TrainerControl Control, TrainingOptions Options, string? ResumedFrom);

/// <summary>A training has ended; the final files are not yet written.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Control">What the loop does next.</param>
/// <param name="Options">The options of the run.</param>
/// <param name="LoopTime">Time spent in updates alone: no evaluation, no saving.</param>
public readonly record struct TrainEndEvent(TrainerState State, TrainerControl Control, TrainingOptions Options, TimeSpan LoopTime);

/// <summary>An epoch begins.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Control">What the loop does next.</param>
/// <param name="Options">The options of the run.</param>
public readonly record struct EpochBeginEvent(TrainerState State, TrainerControl Control, TrainingOptions Options);

/// <summary>An epoch has ended.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Control">What the loop does next.</param>
/// <param name="Options">The options of the run.</param>
public readonly record struct EpochEndEvent(TrainerState State, TrainerControl Control, TrainingOptions Options);

/// <summary>The run fails: the exception goes on to the caller, every checkpoint stays.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Options">The options of the run.</param>
/// <param name="Exception">What happened.</param>
/// <param name="Time">When.</param>
/// <param name="FailingRows">The rows of the micro-batch that was being worked on, or none.</param>
/// <param name="LastDialogue">The last row that trained, as text, or null.</param>
/// <param name="FailingDialogue">The first row of the failing micro-batch, as text, or null.</param>
public readonly record struct ErrorEvent(
    TrainerState State, TrainingOptions Options, Exception Exception, DateTimeOffset Time, IReadOnlyList<int> FailingRows, string? LastDialogue, string? FailingDialogue)
{
    /// <summary>The kind of error: the exception's type.</summary>
    public string Kind => Exception.GetType().Name;
}

/// <summary>Memory was given back.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="BytesBefore">Resident memory before, in bytes.</param>
/// <param name="BytesAfter">Resident memory after, in bytes.</param>
public readonly record struct MemoryReleasedEvent(TrainerState State, long BytesBefore, long BytesAfter);
