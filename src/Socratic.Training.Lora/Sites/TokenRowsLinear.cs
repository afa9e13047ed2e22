using Socratic.Training.Layers;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Sites;

/// <summary>An output head of which some rows are trained, its own or those of the embedding it is tied to.</summary>
internal sealed class TokenRowsLinear : LinearLayer, IAdapterSite
{
    private readonly TokenRowsState state = new();

    public TokenRowsLinear(string path, DenseLinear layer)
        : base(nameof(TokenRowsLinear), layer.InFeatures, layer.OutFeatures)
    {
        Path = path;
        Base = layer;
        register_module("original_module", layer);
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <summary>The head as it was.</summary>
    public DenseLinear Base { get; }

    /// <inheritdoc/>
    public bool IsEmpty => state.IsEmpty;

    /// <inheritdoc/>
    public override Parameter? Bias => Base.Bias;

    /// <inheritdoc/>
    public override bool AddsDeltaInFloat32 => Base.AddsDeltaInFloat32;

    /// <inheritdoc/>
    public override ScalarType OutputType(ScalarType input) => Base.OutputType(input);

    /// <inheritdoc/>
    public override Tensor DenseWeight(ScalarType dtype) => Base.DenseWeight(dtype);

    /// <inheritdoc/>
    public override bool TrySetDenseWeight(Tensor weight) => Base.TrySetDenseWeight(weight);

    /// <summary>Adds trained rows, which are off until <see cref="SetActive"/>; <paramref name="isOwner"/> is false for those of a tied embedding.</summary>
    public void Add(string name, TrainedRows rows, bool isOwner)
    {
        state.Add(name, rows, isOwner);
        if (isOwner) ParameterHolder.Register(this, name, [rows.Named]);
    }

    /// <inheritdoc/>
    public void SetActive(IReadOnlyList<string> names) => state.SetActive(names);

    /// <inheritdoc/>
    public void Merge(IReadOnlyList<string> names, bool roundShare) => state.Merge(names, Base.Weight, Path);

    /// <inheritdoc/>
    public void Unmerge() => state.Unmerge(Base.Weight);

    /// <inheritdoc/>
    public void Remove(string name) => state.Remove(name, rows => ParameterHolder.Unregister(this, name, [rows.Named]));

    /// <inheritdoc/>
    public void Unload(AdapterHost host)
    {
        state.Forget();
        host.Replace(Path, Base);
        register_module("original_module", null!);
        foreach (var name in state.Names.ToArray()) Remove(name);
        Dispose();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        if (state.Active.Count == 0) return Base.call(input);
        using var flat = input.reshape(-1, InFeatures);
        using var logits = Base.call(flat);
        foreach (var rows in state.Active) rows.ReplaceLogits(logits, flat);
        return logits.view([.. input.shape[..^1], OutFeatures]);
    }

    /// <summary>Everything is registered above, by PEFT's names.</summary>
    protected override void RegisterComponents()
    {
    }
}
