using System.Text.Json.Nodes;
using Socratic.Training.Layers;
using Socratic.Training.Lora.Layers;
using Socratic.Training.Lora.Sites;
using Socratic.Training.Lora.Targets;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Hosts;

/// <summary>A model as adapters see it: its modules, and how a linear layer is put in the place of another.</summary>
internal abstract class AdapterHost(nn.Module root)
{
    public nn.Module Root { get; } = root;

    /// <summary>What stands as <c>base_model_name_or_path</c> in the files.</summary>
    public virtual string? BaseModel => null;

    /// <summary>config.json's model_type, which gives the usual targets; null where there is none.</summary>
    public virtual string? ModelType => null;

    /// <summary>What stands as <c>auto_mapping</c> in files without a task type.</summary>
    public virtual JsonNode? AutoMapping => null;

    /// <summary>The path of the input embedding, or null.</summary>
    public virtual string? InputEmbedding => null;

    /// <summary>The path of an output head that is tied to the input embedding, or null.</summary>
    public virtual string? TiedHead => null;

    /// <summary>Every module of the model with its path, in its order, without what adapters added; a tied head too, though it is no module yet.</summary>
    public virtual IReadOnlyList<ModuleInfo> Modules()
    {
        var modules = new List<ModuleInfo>();
        Walk(Root, "", modules);
        return modules;
    }

    /// <summary>The module at a path of <see cref="Modules"/>, with the adapters it has.</summary>
    public virtual nn.Module Module(string path) => path.Split('.').Aggregate(Root, (module, part) => module.named_children().First(c => c.name == part).module);

    /// <summary>Makes a tied head a module of its own, over the same parameter.</summary>
    public virtual void SplitHead()
    {
    }

    /// <summary>
    /// Gives a tied head and the embedding a matrix each, if adapters change one side only, or each side in its own way: what is merged into one must not
    /// reach the other. (PEFT merges into the one matrix, twice if both sides have an adapter.) How to tie them again, or null if nothing was done.
    /// </summary>
    public virtual Action? Untie(IReadOnlyList<IAdapterSite> sites) => null;

    /// <summary>Why the layer at a path cannot be replaced, or null; asked before anything is changed.</summary>
    public abstract string? WhyNotReplaceable(string path);

    /// <summary>Puts <paramref name="layer"/>, a linear layer or an embedding, in the place of the one at <paramref name="path"/>.</summary>
    public abstract void Replace(string path, nn.Module layer);

    /// <summary>True if the layer at <paramref name="path"/> is the language model's head.</summary>
    protected virtual bool IsOutputEmbedding(string path) => false;

    private void Walk(nn.Module module, string path, List<ModuleInfo> modules)
    {
        foreach (var (name, child) in module.named_children())
        {
            var childPath = path.Length == 0 ? name : $"{path}.{name}";
            var kind = child switch { LinearLayer => ModuleKind.Linear, EmbeddingLayer => ModuleKind.Embedding, _ => ModuleKind.Other };
            modules.Add(new ModuleInfo(childPath, kind, child.GetType().Name, kind == ModuleKind.Linear && IsOutputEmbedding(childPath)));
            if (child is not IAdapterSite and not ParameterHolder) Walk(child, childPath, modules);
        }
    }
}
