using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>
/// Any optimizer of <c>torch.optim</c> that steps without a closure. Its own settings stay as they are; the learning rate of its groups is set before each step, so schedules work.
/// Its state is one tensor, in TorchSharp's own format: it fits the same optimizer over the same parameters only.
/// </summary>
public sealed class TorchOptimizer : IOptimizer
{
    private const string StateName = "torch_optimizer_state";

    private readonly OptimizerHelper optimizer;
    private readonly optim.ILearningRateController[] controllers;
    private Tensor? state;

    /// <summary>Wraps an optimizer, and owns it.</summary>
    /// <param name="optimizer">The optimizer, over parameters of the module.</param>
    /// <param name="module">The module that gives the parameters their names.</param>
    /// <exception cref="ArgumentException">The optimizer has a parameter that the module does not train, or is not one of TorchSharp's.</exception>
    public TorchOptimizer(optim.Optimizer optimizer, nn.Module module)
    {
        this.optimizer = optimizer as OptimizerHelper ?? throw new ArgumentException($"{optimizer.GetType().Name} keeps no state that can be saved.", nameof(optimizer));
        controllers = [.. optimizer.ParamGroups];
        var byMemory = ParameterGroups.Trainables(module).Where(p => p.Value.numel() > 0).ToDictionary(p => Native.TensorMemory.Pointer(p.Value));
        Groups = [.. controllers.Select(c => new OptimizerGroup([.. Parameters(c).Select(p => Named(byMemory, p))], c.LearningRate))];
    }

    /// <summary>The optimizer's groups. Their weight decay is 0 here: the optimizer has its own.</summary>
    public IReadOnlyList<OptimizerGroup> Groups { get; }

    /// <inheritdoc/>
    public void Step(GradientBuffer gradients, double scale = 1)
    {
        gradients.Scale(scale);
        foreach (var (controller, group) in controllers.Zip(Groups)) controller.LearningRate = group.LearningRate;
        using var scope = NewDisposeScope();
        gradients.HideAbsent();
        try
        {
            optimizer.step();
        }
        finally
        {
            gradients.ShowAbsent();
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> StateTensors()
    {
        using var memory = new MemoryStream();
        using (var writer = new BinaryWriter(memory)) optimizer.save_state_dict(writer);
        state?.Dispose();
        state = tensor(memory.ToArray()).DetachFromDisposeScope();
        return new Dictionary<string, Tensor> { [StateName] = state };
    }

    /// <inheritdoc/>
    public void LoadState(IReadOnlyDictionary<string, Tensor> state)
    {
        if (state.Count != 1 || !state.TryGetValue(StateName, out var bytes)) throw new InvalidDataException($"The saved state is of another optimizer: expected '{StateName}' alone, found {string.Join(", ", state.Keys.Take(5))}.");
        using var scope = NewDisposeScope();
        using var reader = new BinaryReader(new MemoryStream(bytes.data<byte>().ToArray()));
        optimizer.load_state_dict(reader);
    }

    /// <summary>Frees the optimizer and its state.</summary>
    public void Dispose()
    {
        state?.Dispose();
        optimizer.Dispose();
    }

    private static IEnumerable<Parameter> Parameters(optim.ILearningRateController controller) => controller is ParamGroup group ? group.Parameters : [];

    private static TrainableParameter Named(Dictionary<IntPtr, TrainableParameter> byMemory, Parameter parameter)
        => byMemory.TryGetValue(Native.TensorMemory.Pointer(parameter), out var found)
            ? found
            : throw new ArgumentException($"The optimizer has a parameter of shape [{string.Join(", ", parameter.shape)}] that the module does not train.");
}
