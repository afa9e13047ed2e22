using Microsoft.Extensions.Logging;

namespace Socratic.Training.Diagnostics;

/// <summary>The messages of the library's log. Ids: 10xx and 11xx the trainer's own, 12xx training, 2xxx evaluation, 3xxx files of a run, 4xxx run policy. No text of dialogues in any of them.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(1201, LogLevel.Information, "Computing in {Dtype}, as the model was loaded")]
    public static partial void Precision(this ILogger log, string dtype);

    [LoggerMessage(1211, LogLevel.Information, "Mixed precision: matrix products in bfloat16, everything else in {Dtype}")]
    public static partial void MixedPrecision(this ILogger log, string dtype);

    [LoggerMessage(1202, LogLevel.Information, "Going on from {Checkpoint}: update {Step} of {MaxSteps}.")]
    public static partial void Resumed(this ILogger log, string checkpoint, int step, int maxSteps);

    [LoggerMessage(1204, LogLevel.Error, "Training failed at update {Step}: {Kind}. Checkpoints are kept")]
    public static partial void TrainingFailed(this ILogger log, Exception exception, int step, string kind);

    [LoggerMessage(1205, LogLevel.Warning, "Update {Step} left out: loss {Loss}, gradient norm {GradientNorm}; {Skipped} left out so far")]
    public static partial void UpdateSkipped(this ILogger log, int step, double loss, double gradientNorm, int skipped);

    [LoggerMessage(1206, LogLevel.Error, "The callback {Callback} failed while being told of an error")]
    public static partial void CallbackFailedOnError(this ILogger log, Exception exception, string callback);

    [LoggerMessage(1207, LogLevel.Warning, "Torch's cache of GPU memory cannot be emptied: this build of its library does not offer it. The memory stays with the process, for its next tensors")]
    public static partial void GpuCacheStays(this ILogger log);

    [LoggerMessage(1209, LogLevel.Information, "Dry run: {Updates} updates of the longest rows (mean loss {Loss:0.####}), a checkpoint of {CheckpointMegabytes:0.0} MB, evaluation {Evaluation}, and a resume. Peak memory of the process {PeakMegabytes:0} MB, GPU memory in use {GpuMegabytes:0} MB. '{OutputDirectory}' was not touched; the same run without the dry run trains")]
    public static partial void DryRunDone(this ILogger log, int updates, double loss, double checkpointMegabytes, string evaluation, double peakMegabytes, double gpuMegabytes, string outputDirectory);

    [LoggerMessage(1210, LogLevel.Warning, "Dry run: resumed from its first checkpoint, the second update left other values in {Files}. A resumed run will not be the same to the bit")]
    public static partial void DryRunDiffers(this ILogger log, string files);

    [LoggerMessage(1212, LogLevel.Warning, "A backward outside this training failed, and nobody asked: BackwardFailure.Throw() after it tells. The training goes on")]
    public static partial void StrangeBackwardFailure(this ILogger log, Exception exception);

    [LoggerMessage(1208, LogLevel.Information, "Stopping early: {Metric} has not improved by more than {Threshold} for {Patience} evaluations; the best is {Best}")]
    public static partial void StoppingEarly(this ILogger log, string metric, double threshold, int patience, double best);
}
