namespace Socratic.Training;

/// <summary>How far a training is.</summary>
/// <param name="Step">Updates finished.</param>
/// <param name="Of">Updates of the whole run.</param>
/// <param name="Epoch">Epochs finished, with the share of the current one.</param>
/// <param name="Loss">The loss that was logged last; null before the first log.</param>
/// <param name="LearningRate">The rate of the last update.</param>
/// <param name="TokensPerSecond">Tokens of the rows trained (rows, where these have no length) a second, over the last updates; null before there is a pace.</param>
/// <param name="HostMemoryBytes">Resident memory of the process, in bytes.</param>
/// <param name="GpuMemoryBytes">Memory in use on the GPU, in bytes; null without a GPU.</param>
/// <param name="TimeLeft">The time until the last update at the pace so far, evaluations and saves included; null before there is a pace.</param>
public sealed record TrainingProgress(
    int Step, int Of, double Epoch, double? Loss, double LearningRate, double? TokensPerSecond, long HostMemoryBytes, long? GpuMemoryBytes, TimeSpan? TimeLeft);
