using Socratic.Training.Files;
using Socratic.Training.Lora.Combining;
using Socratic.Training.Lora.Config;
using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Parts;
using Socratic.Training.Safetensors;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora;

/// <summary>One adapter of a model: its settings, the layers it lies beside, its files.</summary>
public sealed class LoraAdapter
{
    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    private readonly LoraAdapters owner;
    private readonly AdapterPlan plan;
    private readonly IReadOnlyList<AdapterPart> parts;
    private readonly bool isTrainable;

    internal LoraAdapter(LoraAdapters owner, string name, AdapterPlan plan, IReadOnlyList<AdapterPart> parts, bool isTrainable)
    {
        this.isTrainable = isTrainable;
        this.owner = owner;
        this.plan = plan;
        this.parts = parts;
        Name = name;
        Warnings = plan.Warnings;
    }

    /// <summary>Its name among the model's adapters; <c>default</c> unless another was given.</summary>
    public string Name { get; }

    /// <summary>Its settings, with the target names that are stored.</summary>
    public LoraOptions Options => plan.Config.Options;

    /// <summary>What a person should know: settings that have no effect here, programs that cannot load what they make.</summary>
    public IReadOnlyList<string> Warnings { get; internal set; }

    /// <summary>The layers it lies beside, in the model's order.</summary>
    public IReadOnlyList<AdaptedLayer> Layers => [.. parts.SelectMany(p => p.Layers)];

    /// <summary>A factor on the scale that rank and alpha give, in effect at once: 0 is without effect, 1 as it was trained.</summary>
    /// <value>Default: 1.</value>
    public double Strength
    {
        get;
        set
        {
            if (!double.IsFinite(value)) throw new ArgumentOutOfRangeException(nameof(value), value, "Expected a finite number.");
            if (owner.Merged.Contains(Name)) throw new InvalidOperationException($"The adapter '{Name}' is merged into the weights; unmerge it before its strength is changed.");
            field = value;
            foreach (var part in parts) part.SetStrength(value);
        }
    } = 1;

    /// <summary>Every parameter it consists of.</summary>
    internal IEnumerable<AdapterParameter> Parameters => parts.SelectMany(part => part.Parameters.Select(p => new AdapterParameter(part.Path, p.Template, Name, p.Parameter)));

    internal IEnumerable<(StoredTensor Alias, string Name)> Aliases => parts.SelectMany(part => part.Aliases.Select(a => (a, AdapterNames.InMemory(a.Path, a.Template, Name))));

    /// <summary>True if every share is a product of A and B and no more.</summary>
    internal bool IsPlain => parts.All(p => p.Product is not null);

    internal AdapterConfig Config => plan.Config;

    /// <summary>
    /// Writes adapter_model.safetensors and adapter_config.json into a folder, which is created: what PEFT's save_pretrained writes and its from_pretrained reads.
    /// </summary>
    /// <exception cref="IOException">A file cannot be written; the old one of that name stands.</exception>
    /// <exception cref="InvalidOperationException">The adapter holds NaN or infinity; nothing is written.</exception>
    public void Save(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        using var none = no_grad();
        using var scope = NewDisposeScope();
        Write(directory, parts.SelectMany(part => part.Stored), Config);
    }

    /// <summary>
    /// Writes an adapter that began with a part of the base (PiSSA, OLoRA), and so belongs to changed base weights, as an ordinary one for the base as it was:
    /// of twice the rank, A' = [A; A0], B' = [B, -B0].
    /// </summary>
    /// <exception cref="InvalidOperationException">The adapter did not begin so, or holds more than A and B.</exception>
    public void SaveConverted(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var tensors = parts.SelectMany(p => p.Converted ?? throw new InvalidOperationException(
            $"'{Name}' cannot be converted: {(Options.Initialization.ChangesBase ? $"'{p.Path}' has more than A and B" : "it belongs to the base as it is; save it as it is")}.")).ToArray();
        var root = Options.UseRsLora ? Math.Sqrt(2) : 2;
        Write(directory, tensors, Config.With(Options with
        {
            Rank = 2 * Options.Rank, Alpha = root * Options.Alpha, Initialization = LoraInitialization.Default,
            RankPattern = Options.RankPattern.ToDictionary(p => p.Key, p => 2 * p.Value), AlphaPattern = Options.AlphaPattern.ToDictionary(p => p.Key, p => root * p.Value),
        }));
    }

    /// <summary>Its share at a layer with a weight in a sum, or null if it has none there.</summary>
    internal Factors? FactorsAt(string path, double weight)
        => parts.FirstOrDefault(p => p.Path == path)?.Product is { } product ? new Factors(product.A, product.B, product.Scale, weight) : null;

    /// <summary>Gives back what its first values took from the base.</summary>
    internal void RestoreBase()
    {
        foreach (var part in parts) part.RestoreBase();
    }

    /// <summary>Frees what would be needed to give that back.</summary>
    internal void ForgetBase()
    {
        foreach (var part in parts) part.ForgetBase();
    }

    /// <summary>Whether its parameters are trained now.</summary>
    internal void SetTrained(bool isOn)
    {
        foreach (var parameter in Parameters) parameter.Parameter.requires_grad = isOn && isTrainable;
    }

    private void Write(string directory, IEnumerable<StoredTensor> tensors, AdapterConfig config)
    {
        var all = tensors.ToArray();
        foreach (var tensor in all)
            if (!tensor.Tensor.isfinite().all().ToBoolean())
                throw new InvalidOperationException($"'{tensor.FileKey}' holds NaN or infinity, so the adapter '{Name}' is broken and is not saved; the files in '{directory}' are as they were.");
        Directory.CreateDirectory(directory);
        SafetensorsWriter.Write(Path.Combine(directory, AdapterReader.FileName), all.Select(t => KeyValuePair.Create(t.FileKey, t.Tensor)), Metadata);
        var json = config.Write(owner.Host.BaseModel, owner.Host.AutoMapping);
        AtomicFile.Write(Path.Combine(directory, AdapterConfig.FileName), stream => stream.Write(json));
        ModelCard.Write(directory, this, config.BaseModel ?? owner.Host.BaseModel);
    }

    /// <summary>
    /// Reads a saved folder back and compares it with the live model on some tokens: what is on disk must compute what was trained. Only this adapter is on
    /// meanwhile; afterwards everything is as before.
    /// </summary>
    /// <param name="directory">The folder it was saved into.</param>
    /// <param name="forward">Gives the model's output for tokens of the caller's choice, such as <c>() => model.Forward(ids)</c>.</param>
    /// <exception cref="IOException">A file is missing or not well formed.</exception>
    /// <exception cref="InvalidDataException">The files do not fit the model.</exception>
    public AdapterCheck Check(string directory, Func<Tensor> forward)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(forward);
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var saved = AdapterReader.Read(directory, Name, plan.Tensors);
        using var alone = owner.Only(this);
        var live = forward().to(ScalarType.Float32);
        Tensor plain;
        using (owner.Disable()) plain = forward().to(ScalarType.Float32);
        var kept = parts.SelectMany(p => p.Stored).Select(t => t.Tensor.detach().clone()).ToArray();
        try
        {
            Copy(saved);
            var read = forward().to(ScalarType.Float32);
            return new AdapterCheck((live - read).abs().max().ToDouble(), (live - plain).abs().max().ToDouble());
        }
        finally
        {
            Copy(kept);
            foreach (var tensor in saved) tensor?.Dispose();
        }
    }

    /// <summary>Reads the tensors of a folder written by <see cref="Save"/> into the live parameters; all or nothing.</summary>
    internal void Load(string directory)
    {
        var tensors = AdapterReader.Read(directory, Name, plan.Tensors);
        Copy(tensors);
        foreach (var tensor in tensors) tensor?.Dispose();
    }

    private void Copy(IReadOnlyList<Tensor?> values)
    {
        using var none = no_grad();
        foreach (var (stored, value) in parts.SelectMany(part => part.Stored).Zip(values))
            if (value is not null) stored.Tensor.copy_(value);
    }
}

/// <summary>A parameter of an adapter and its names.</summary>
internal sealed record AdapterParameter(string Path, string Template, string Adapter, Parameter Parameter)
{
    public string Name => AdapterNames.InMemory(Path, Template, Adapter);

    public string FileKey => AdapterNames.FileKey(Path, Template);

    /// <summary>False for a parameter of the base that the adapter trains (a bias).</summary>
    public bool IsAdded => Template.Contains("{0}", StringComparison.Ordinal);
}
