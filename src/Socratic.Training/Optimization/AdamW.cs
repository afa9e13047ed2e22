using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019), as torch.optim.AdamW computes it.</summary>
public sealed class AdamW : IOptimizer
{
    private readonly double beta1;
    private readonly double beta2;
    private readonly double epsilon;
    private readonly Dictionary<string, Tensor> state = new(StringComparer.Ordinal);

    /// <summary>An optimizer over groups of parameters.</summary>
    public AdamW(IReadOnlyList<OptimizerGroup> groups, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8)
    {
        Groups = groups;
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.epsilon = epsilon;
        foreach (var parameter in groups.SelectMany(g => g.Parameters))
        {
            state[parameter.Name + ".exp_avg"] = zeros_like(parameter.Value).DetachFromDisposeScope();
            state[parameter.Name + ".exp_avg_sq"] = zeros_like(parameter.Value).DetachFromDisposeScope();
            state[parameter.Name + ".step"] = zeros([], int64).DetachFromDisposeScope();
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<OptimizerGroup> Groups { get; }

    /// <inheritdoc/>
    public void Step(GradientBuffer gradients, double scale = 1)
    {
        using var scope = NewDisposeScope();
        using var none = no_grad();
        foreach (var group in Groups)
            foreach (var parameter in group.Parameters)
                if (gradients[parameter.Name] is { } gradient) Step(group, parameter, gradient, scale);
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> StateTensors() => state;

    /// <inheritdoc/>
    public void LoadState(IReadOnlyDictionary<string, Tensor> state)
    {
        if (!state.Keys.ToHashSet().SetEquals(this.state.Keys)) throw new InvalidDataException("The optimizer state is of other parameters.");
        foreach (var (name, tensor) in this.state) tensor.copy_(state[name]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in state.Values) tensor.Dispose();
    }

    private void Step(OptimizerGroup group, TrainableParameter parameter, Tensor gradient, double scale)
    {
        var (m, v, t) = (state[parameter.Name + ".exp_avg"], state[parameter.Name + ".exp_avg_sq"], state[parameter.Name + ".step"]);
        t.add_(1);
        var step = t.item<long>();
        var g = scale == 1 ? gradient : gradient * scale;
        parameter.Value.mul_(1 - (group.LearningRate * group.WeightDecay));
        m.mul_(beta1).add_(g * (1 - beta1));
        v.mul_(beta2).add_(g * g * (1 - beta2));
        parameter.Value.sub_(group.LearningRate / (1 - Math.Pow(beta1, step)) * m / ((v.sqrt() / Math.Sqrt(1 - Math.Pow(beta2, step))) + epsilon));
    }
}
