using System.Text.Json.Nodes;
using Socratic.Training.Layers;
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

    /// <summary>Every module of the model with its path, in its order, without what adapters added.</summary>
    public IReadOnlyList<ModuleInfo> Modules()
    {
        var modules = new List<ModuleInfo>();
        Walk(Root, "", modules);
        return modules;
    }

    /// <summary>The linear layer at a path of <see cref="Modules"/>.</summary>
    public abstract LinearLayer Linear(string path);

    /// <summary>Why the layer at a path cannot be replaced, or null; asked before anything is changed.</summary>
    public abstract string? WhyNotReplaceable(string path);

    /// <summary>Puts <paramref name="layer"/> in the place of the one at <paramref name="path"/>.</summary>
    public abstract void Replace(string path, LinearLayer layer);

    /// <summary>True if the layer at <paramref name="path"/> is the language model's head.</summary>
    protected virtual bool IsOutputEmbedding(string path) => false;

    private void Walk(nn.Module module, string path, List<ModuleInfo> modules)
    {
        foreach (var (name, child) in module.named_children())
        {
            var childPath = path.Length == 0 ? name : $"{path}.{name}";
            var isLinear = child is LinearLayer;
            modules.Add(new ModuleInfo(childPath, isLinear ? ModuleKind.Linear : ModuleKind.Other, child.GetType().Name, isLinear && IsOutputEmbedding(childPath)));
            if (child is not LoraLinear) Walk(child, childPath, modules);
        }
    }
}
