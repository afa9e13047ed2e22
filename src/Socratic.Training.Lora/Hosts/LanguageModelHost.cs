using System.Text.Json;
using System.Text.Json.Nodes;
using Socratic.Training.Layers;
using Socratic.Training.Lora.Sites;
using Socratic.Training.Lora.Targets;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Hosts;

/// <summary>A language model loaded from a Hugging Face folder.</summary>
internal sealed class LanguageModelHost(CausalLanguageModel model) : AdapterHost(model)
{
    private const string Head = "lm_head";

    private DenseLinear? tiedHead;

    /// <inheritdoc/>
    public override string? BaseModel => model.Config.NameOrPath;

    /// <inheritdoc/>
    public override string? ModelType => model.Config.ModelType;

    /// <inheritdoc/>
    public override JsonNode? AutoMapping
    {
        get
        {
            var type = model.Config.ModelType;
            var package = type.EndsWith("_text", StringComparison.Ordinal) ? type[..^5] : type;
            return Architecture() is { } name ? new JsonObject { ["base_model_class"] = name, ["parent_library"] = $"transformers.models.{package}.modeling_{package}" } : null;
        }
    }

    /// <inheritdoc/>
    public override string? InputEmbedding => "model.embed_tokens";

    /// <inheritdoc/>
    public override string? TiedHead => SharedTable is null ? null : Head;

    /// <summary>The parameter that is both the embedding's and the head's, whatever is trained in its place now, or null.</summary>
    private Parameter? SharedTable
    {
        get
        {
            if (model.LinearLayers.FirstOrDefault(l => l.IsOutputEmbedding)?.Layer is not { } head) return model.Embedding.Weight;
            var own = head.parameters().ToArray();
            return model.Embedding.parameters().FirstOrDefault(p => own.Any(o => ReferenceEquals(o, p)));
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ModuleInfo> Modules()
    {
        var modules = base.Modules();
        return modules.Any(m => m.Path == Head) ? modules : [.. modules, new ModuleInfo(Head, ModuleKind.Linear, nameof(DenseLinear), IsOutputEmbedding: true)];
    }

    /// <inheritdoc/>
    public override nn.Module Module(string path) => path == Head && model.LinearLayers.All(l => !l.IsOutputEmbedding) ? tiedHead ??= new DenseLinear(model.Embedding.Weight) : base.Module(path);

    /// <inheritdoc/>
    public override void SplitHead() => model.SplitHead();

    /// <inheritdoc/>
    public override Action? Untie(IReadOnlyList<IAdapterSite> sites)
    {
        if (SharedTable is not { } shared) return null;
        var head = sites.FirstOrDefault(s => s.Path == Head && s is LoraLinear or SavedModule);
        var embedding = sites.FirstOrDefault(s => s.Path == InputEmbedding && s is LoraEmbedding or SavedModule { IsTied: false });
        switch (head, embedding)
        {
            case (LoraLinear adapted, _):
                var before = adapted.Base;
                adapted.ReplaceBase(new DenseLinear(Copy(shared)));
                return () => adapted.ReplaceBase(before);
            case (SavedModule, null):
                var table = model.Embedding;
                model.ReplaceEmbedding(new OwnTable(table, Copy(shared)));
                return () => model.ReplaceEmbedding(table);
            case (SavedModule, _):
                throw new InvalidOperationException($"'{Head}' and '{InputEmbedding}' are one matrix and each is trained in full in its own way; train them with EnsureWeightTying, or load a model whose head is not tied.");
            case (null, not null):
                model.SplitHead();
                var own = (LinearLayer)Module(Head);
                model.ReplaceLinear(Head, new DenseLinear(Copy(shared)));
                return () => model.ReplaceLinear(Head, own);
            default:
                return null;
        }
    }

    /// <inheritdoc/>
    public override string? WhyNotReplaceable(string path) => null;

    /// <inheritdoc/>
    public override void Replace(string path, nn.Module layer)
    {
        if (path == Head) model.SplitHead();
        if (layer is EmbeddingLayer embedding) model.ReplaceEmbedding(embedding);
        else model.ReplaceLinear(path, (LinearLayer)layer);
    }

    /// <inheritdoc/>
    protected override bool IsOutputEmbedding(string path) => path == Head;

    private static Parameter Copy(Parameter parameter)
    {
        var copy = new Parameter(parameter.detach().clone(), requires_grad: false);
        copy.DetachFromDisposeScope();
        return copy;
    }

    private string? Architecture()
    {
        var file = Path.Combine(model.Config.Folder, "config.json");
        if (!File.Exists(file)) return null;
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        return json.RootElement.TryGetProperty("architectures", out var names) && names.ValueKind == JsonValueKind.Array && names.GetArrayLength() > 0 ? names[0].GetString() : null;
    }
}
