namespace Socratic.Training.Lora.Targets;

/// <summary>What kind of module a path leads to.</summary>
internal enum ModuleKind
{
    /// <summary>A layer an adapter can wrap.</summary>
    Linear,

    /// <summary>An embedding.</summary>
    Embedding,

    /// <summary>Anything else: containers, norms, foreign layers.</summary>
    Other,
}

/// <summary>One module of a model: its path, its kind, the name of its type for messages, and whether it is the language model's head.</summary>
internal sealed record ModuleInfo(string Path, ModuleKind Kind, string TypeName = "", bool IsOutputEmbedding = false);
