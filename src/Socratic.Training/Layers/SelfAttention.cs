using Socratic.Training.Layers.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>What one attention layer is like.</summary>
/// <param name="Heads">Query heads.</param>
/// <param name="KeyValueHeads">Key and value heads; query head h uses number h / (Heads / KeyValueHeads).</param>
/// <param name="HeadDimension">Size of a head.</param>
/// <param name="Scale">What scores are multiplied by.</param>
/// <param name="SoftCap">cap: scores become cap tanh(score / cap); null for none.</param>
/// <param name="Window">How many keys a query sees, itself included; null for all.</param>
internal sealed record AttentionShape(int Heads, int KeyValueHeads, int HeadDimension, double Scale, double? SoftCap, int? Window);

/// <summary>Causal attention with rotary positions and shared key heads, in the reference's eager order of operations and roundings.</summary>
internal sealed class SelfAttention : nn.Module
{
    private readonly AttentionShape shape;
    private readonly RotaryTable rotary;
    private readonly LinearSlot query;
    private readonly LinearSlot key;
    private readonly LinearSlot value;
    private readonly LinearSlot output;
    private readonly Scalar scale;
    private readonly Scalar? cap;
    private readonly RmsNorm? q_norm;
    private readonly RmsNorm? k_norm;

    /// <summary>Takes ownership of the modules, not of <paramref name="rotary"/>, which layers share.</summary>
    public SelfAttention(AttentionShape shape, RotaryTable rotary, AttentionLinears linears, RmsNorm? queryNorm, RmsNorm? keyNorm)
        : base(nameof(SelfAttention))
    {
        this.shape = shape;
        this.rotary = rotary;
        scale = shape.Scale.ToScalar();
        cap = shape.SoftCap?.ToScalar();
        query = new(this, "q_proj", linears.Query);
        key = new(this, "k_proj", linears.Key);
        value = new(this, "v_proj", linears.Value);
        output = new(this, "o_proj", linears.Output);
        q_norm = queryNorm;
        k_norm = keyNorm;
        if (queryNorm is not null) register_module("q_norm", queryNorm);
        if (keyNorm is not null) register_module("k_norm", keyNorm);
    }

    public IEnumerable<LinearSlot> Linears => [query, key, value, output];

    /// <summary>[rows, queries, hidden] to the same shape.</summary>
    /// <param name="input">The normed hidden states.</param>
    /// <param name="plan">Positions and who sees whom.</param>
    /// <param name="cache">Keys and values of earlier positions, to which this call's are added; null when there are none.</param>
    /// <param name="wanted">The places, among all positions, whose output is wanted: [1, wanted, hidden] comes out; null for all.</param>
    public Tensor Forward(Tensor input, AttentionPlan plan, LayerCache? cache, Tensor? wanted = null)
    {
        using var scope = NewDisposeScope();
        var (rows, count) = (input.shape[0], input.shape[1]);
        var (heads, shared, d) = (shape.Heads, shape.KeyValueHeads, shape.HeadDimension);
        var q = Normed(query.Apply(input), heads, q_norm);
        var k = Normed(key.Apply(input), shared, k_norm);
        var v = value.Apply(input);
        var mixed = cache is null && plan.IsFused && Fast.Computes(q.dtype)
            ? FusedAttention.Apply(q, k, v, new(shape, rotary, plan.Documents))
            : Eager(q.view(rows, count, heads, d), k.view(rows, count, shared, d), v.view(rows, count, shared, d), plan, cache).reshape(rows, count, heads * d);
        return output.Apply(wanted is null ? mixed : TensorMath.Rows(mixed, wanted).unsqueeze(0)).MoveToOuterDisposeScope();
    }

    private Tensor Eager(Tensor queries, Tensor keys, Tensor values, AttentionPlan plan, LayerCache? cache)
    {
        var (cos, sin) = plan.Rotary(rotary);
        var q = EagerAttention.Rotate(queries, cos, sin).transpose(1, 2);
        var k = EagerAttention.Rotate(keys, cos, sin).transpose(1, 2);
        var v = values.transpose(1, 2);
        if (cache is not null) (k, v) = cache.Append(k, v);
        return EagerAttention.Mix(EagerAttention.Weights(q, k, plan.Mask(shape.Window), scale, cap), v).transpose(1, 2);
    }

    /// <summary>Each head normed by itself.</summary>
    private Tensor Normed(Tensor x, int heads, RmsNorm? norm)
        => norm is null ? x : norm.call(x.view([.. x.shape[..^1], heads, shape.HeadDimension])).view(x.shape);

    /// <summary>Everything is registered above, by its Hugging Face name; TorchSharp would register fields again under theirs.</summary>
    protected override void RegisterComponents()
    {
    }

}

/// <summary>The four linear maps of an attention layer.</summary>
internal sealed record AttentionLinears(LinearLayer Query, LinearLayer Key, LinearLayer Value, LinearLayer Output);
