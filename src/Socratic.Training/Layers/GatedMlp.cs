using Socratic.Training.Layers.Kernels;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>down(activation(gate(x)) * up(x)), Shazeer 2020 (arXiv:2002.05202).</summary>
internal sealed class GatedMlp : nn.Module<Tensor, Tensor>
{
    private readonly Activation activation;
    private readonly LinearSlot gate;
    private readonly LinearSlot up;
    private readonly LinearSlot down;

    public GatedMlp(Activation activation, LinearLayer gate, LinearLayer up, LinearLayer down)
        : base(nameof(GatedMlp))
    {
        this.activation = activation;
        this.gate = new(this, "gate_proj", gate);
        this.up = new(this, "up_proj", up);
        this.down = new(this, "down_proj", down);
    }

    public IEnumerable<LinearSlot> Linears => [gate, up, down];

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var (gated, raised) = (gate.Apply(input), up.Apply(input));
        var isFused = FusedGate.Has(activation) && Fast.Applies(gated, raised);
        return down.Apply(isFused ? FusedGate.Apply(gated, raised, activation) : activation.Apply(gated) * raised).MoveToOuterDisposeScope();
    }
}
