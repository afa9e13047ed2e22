using Socratic.Training.Optimization;
using static TorchSharp.torch;

namespace Socratic.Training;

/// <summary>Asked by a trainer for the optimizer that its options name, so that another assembly can bring kinds of its own.</summary>
public interface IOptimizerFactory
{
    /// <summary>The optimizer, or null to have the trainer make it.</summary>
    /// <param name="module">The module that is trained; <see cref="ParameterGroups.Create(nn.Module, double, double)"/> gives its parameters.</param>
    /// <param name="options">They name the kind, its rate and its constants.</param>
    IOptimizer? Create(nn.Module module, TrainingOptions options);
}
