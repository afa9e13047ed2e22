using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>One block of the decoder: attention and a gated MLP, each normed before and, in some families, after.</summary>
internal sealed class DecoderLayer : nn.Module
{
    private readonly SelfAttention attention;
    private readonly GatedMlp mlp;
    private readonly DecoderLayerNorms norms;

    /// <summary>Takes ownership of the modules.</summary>
    public DecoderLayer(SelfAttention attention, GatedMlp mlp, DecoderLayerNorms norms)
        : base(nameof(DecoderLayer))
    {
        this.attention = attention;
        this.mlp = mlp;
        this.norms = norms;
        register_module("self_attn", attention);
        register_module("mlp", mlp);
        foreach (var (name, norm) in norms.Named()) register_module(name, norm);
    }

    /// <summary>Everything is registered above, by its Hugging Face name; TorchSharp would register fields again under theirs.</summary>
    protected override void RegisterComponents()
    {
    }

    /// <summary>The linear layers with their paths below this module.</summary>
    public IEnumerable<(string Path, LinearSlot Slot)> Linears
        => attention.Linears.Select(s => ($"self_attn.{s.Name}", s)).Concat(mlp.Linears.Select(s => ($"mlp.{s.Name}", s)));

    /// <summary>Hidden states [rows, positions, size] to the same shape.</summary>
    /// <param name="hidden">The block's input.</param>
    /// <param name="plan">Positions and who sees whom.</param>
    /// <param name="cache">The block's keys and values so far, or null.</param>
    /// <param name="wanted">The places, among all positions, that go on after the attention: [1, wanted, size] comes out; null for all.</param>
    public Tensor Forward(Tensor hidden, AttentionPlan plan, LayerCache? cache, Tensor? wanted)
    {
        // What no gradient needs goes as soon as the block is done, or the memory of all blocks would add up.
        using var scope = NewDisposeScope();
        var mixed = attention.Forward(norms.BeforeAttention.call(hidden), plan, cache, wanted);
        if (wanted is not null) hidden = TensorMath.Rows(hidden, wanted).unsqueeze(0);
        hidden = hidden.Plus(norms.AfterAttention is { } after ? after.call(mixed) : mixed);
        var thought = mlp.call(norms.BeforeMlp.call(hidden));
        return hidden.Plus(norms.AfterMlp is { } last ? last.call(thought) : thought).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// The norms of a block. The same name means different places: <c>post_attention_layernorm</c> stands before the MLP unless there are norms after the
/// blocks.
/// </summary>
internal sealed record DecoderLayerNorms(RmsNorm BeforeAttention, RmsNorm? AfterAttention, RmsNorm BeforeMlp, RmsNorm? AfterMlp)
{
    public IEnumerable<(string Name, RmsNorm Norm)> Named()
    {
        yield return ("input_layernorm", BeforeAttention);
        yield return ("post_attention_layernorm", AfterAttention ?? BeforeMlp);
        if (AfterAttention is not null) yield return ("pre_feedforward_layernorm", BeforeMlp);
        if (AfterMlp is not null) yield return ("post_feedforward_layernorm", AfterMlp);
    }
}
