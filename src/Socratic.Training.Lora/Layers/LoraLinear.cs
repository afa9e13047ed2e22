using Socratic.Training.Layers;
using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Parts;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Layers;

/// <summary>A linear layer with adapters beside it, any number of which are on: y = base(x) + sum of scale B A dropout(x).</summary>
internal sealed class LoraLinear : LinearLayer, IAdapterLayer
{
    private readonly Dictionary<string, LinearAdapter> adapters = new(StringComparer.Ordinal);
    private LinearAdapter[] active = [];

    public LoraLinear(LinearLayer baseLayer)
        : base(nameof(LoraLinear), baseLayer.InFeatures, baseLayer.OutFeatures)
    {
        Base = baseLayer;
        register_module("base_layer", baseLayer);
        train(baseLayer.training);
    }

    /// <summary>The layer as it was.</summary>
    public LinearLayer Base { get; }

    /// <summary>The adapters by name.</summary>
    public IReadOnlyDictionary<string, LinearAdapter> Adapters => adapters;

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

    /// <summary>Adds an adapter, which is off until <see cref="SetActive"/>; takes ownership.</summary>
    public void Add(string name, LinearAdapter adapter)
    {
        adapters.Add(name, adapter);
        foreach (var (parameterName, parameter) in adapter.Parameters)
            ParameterHolder.Register(this, AdapterNames.Below(parameterName, name), parameter);
    }

    /// <inheritdoc/>
    public void SetActive(IReadOnlyList<string> names) => active = [.. names.Select(n => adapters.GetValueOrDefault(n)).OfType<LinearAdapter>()];

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        if (active.Length == 0) return Base.call(input);
        // Two dimensions: the base's output is then a tensor of its own, never a view, and can be added to in place.
        var isFlat = input.dim() == 2;
        var flat = isFlat ? input : input.reshape(-1, InFeatures);
        var output = Base.call(flat);
        var dtype = output.dtype;
        var x = flat.dtype == ScalarType.Float32 ? flat : flat.to(ScalarType.Float32);
        for (var i = 0; i < active.Length; i++) output = active[i].Add(x, output, i == 0, AddsDeltaInFloat32, training);
        if (!ReferenceEquals(x, flat)) x.Dispose();
        if (output.dtype != dtype)
        {
            var rounded = output.to(dtype);
            output.Dispose();
            output = rounded;
        }
        if (isFlat) return output;
        flat.Dispose();
        var shape = input.shape;
        shape[^1] = OutFeatures;
        var shaped = output.view(shape);
        output.Dispose();
        return shaped;
    }
}
