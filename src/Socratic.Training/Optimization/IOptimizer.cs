using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>
/// Updates parameters from their gradients. State is kept by parameter name, so that a checkpoint can be read by whoever knows the model.
/// A parameter that got no gradient since the buffer was zeroed is left alone: no step, no decay, its own step count stands still.
/// </summary>
public interface IOptimizer : IDisposable
{
    /// <summary>The parameters with the settings they share. The learning rate of a group may be set between steps.</summary>
    IReadOnlyList<OptimizerGroup> Groups { get; }

    /// <summary>One update. The gradients themselves may be overwritten; they are zeroed by <see cref="GradientBuffer.Zero"/>, not here.</summary>
    /// <param name="gradients">The measured gradients (<see cref="GradientBuffer.Measure"/>).</param>
    /// <param name="scale">Every gradient is multiplied by it first: the clip factor, for one.</param>
    void Step(GradientBuffer gradients, double scale = 1);

    /// <summary>
    /// The state as tensors named <c>parameter.kind</c> (such as <c>fc.weight.exp_avg</c>) and, where the optimizer counts, <c>parameter.step</c> (int64, 0-d).
    /// They are the live tensors, owned by the optimizer: read them, do not dispose them.
    /// </summary>
    IReadOnlyDictionary<string, Tensor> StateTensors();

    /// <summary>Copies a saved state in.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing, unknown, or of another shape; nothing was changed.</exception>
    void LoadState(IReadOnlyDictionary<string, Tensor> state);
}
