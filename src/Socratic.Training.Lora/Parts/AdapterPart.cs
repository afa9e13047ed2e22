using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Sites;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Parts;

/// <summary>What an adapter will put at one module: worked out before the model is touched.</summary>
internal abstract class PlannedPart(string path, LoraInitialization initialization)
{
    /// <summary>The module's path in the model.</summary>
    public string Path { get; } = path;

    /// <summary>What a file holds for it.</summary>
    public abstract IEnumerable<TensorSpec> Tensors { get; }

    /// <summary>How first values are made.</summary>
    protected LoraInitialization Initialization { get; } = initialization;

    /// <summary>With first values, drawn by torch's CPU generator.</summary>
    public abstract AdapterPart Create();

    /// <summary>With the values of a file, in the order of <see cref="Tensors"/>; they are used up.</summary>
    public abstract AdapterPart Create(IReadOnlyList<Tensor?> values);

    /// <summary>A parameter of float32 values, which are used up, rounded to the base's dtype first, on the base's device.</summary>
    protected static Parameter MakeParameter(Tensor values, ScalarType rounded, Device device)
    {
        using var none = no_grad();
        using var narrow = values.to(rounded);
        using var wide = narrow.to(ScalarType.Float32);
        var parameter = new Parameter(wide.to(device, copy: true));
        parameter.DetachFromDisposeScope();
        values.Dispose();
        return parameter;
    }

    /// <summary>Both sides of a tied embedding lie in the file and must be the same.</summary>
    protected static void RequireEqual(Tensor copy, Tensor value, string key)
    {
        using var scope = NewDisposeScope();
        if (!copy.eq(value).all().ToBoolean())
            throw new InvalidDataException($"{AdapterReader.FileName}: '{key}' differs from the embedding it is tied to (ensure_weight_tying); expected the same values.");
    }

    protected static Device DeviceOf(nn.Module layer) => layer.parameters().Concat(layer.buffers()).FirstOrDefault()?.device ?? CPU;
}

/// <summary>A tensor of an adapter's file: the module it belongs to and its name below it.</summary>
internal sealed record StoredTensor(string Path, string Template, Tensor Tensor)
{
    public string FileKey => AdapterNames.FileKey(Path, Template);
}

/// <summary>What an adapter has at one module: the parameters, ready to be put into the model.</summary>
internal abstract class AdapterPart(string path) : IDisposable
{
    /// <summary>The module's path in the model.</summary>
    public string Path { get; } = path;

    /// <summary>The parameters that are trained, with their names below the module as in <see cref="AdapterNames"/>.</summary>
    public abstract IEnumerable<(string Template, Parameter Parameter)> Parameters { get; }

    /// <summary>What is written to the file, in the order of <see cref="PlannedPart.Tensors"/>.</summary>
    public virtual IEnumerable<StoredTensor> Stored => Parameters.Select(p => new StoredTensor(Path, p.Template, p.Parameter));

    /// <summary>The same parameters under the names of a tied head, where PEFT has a second set.</summary>
    public virtual IEnumerable<StoredTensor> Aliases => [];

    /// <summary>A, B and their scale now, if the share is their product and no more; else null.</summary>
    public virtual (Parameter A, Parameter B, double Scale)? Product => null;

    /// <summary>What is written of an adapter that began with a part of the base, for the base as it was; null if it began otherwise.</summary>
    public virtual IEnumerable<StoredTensor>? Converted => null;

    /// <summary>The layers that have A and B here.</summary>
    public virtual IEnumerable<AdaptedLayer> Layers => [];

    /// <summary>False if the parameters are the base's.</summary>
    protected virtual bool OwnsParameters => true;

    /// <summary>Puts the part into the model, at the site there is or at a new one, which is added; it is off until the site is told otherwise.</summary>
    public abstract void Attach(AdapterHost host, ICollection<IAdapterSite> sites, string adapter);

    /// <summary>Gives back what the first values took from the base; exact to rounding.</summary>
    public virtual void RestoreBase()
    {
    }

    /// <summary>Frees what would be needed to give it back.</summary>
    public virtual void ForgetBase()
    {
    }

    /// <summary>A factor on the scale the settings give.</summary>
    public virtual void SetStrength(double factor)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!OwnsParameters) return;
        foreach (var (_, parameter) in Parameters) parameter.Dispose();
    }
}
