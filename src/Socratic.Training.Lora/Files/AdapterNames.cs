using System.Globalization;

namespace Socratic.Training.Lora.Files;

/// <summary>
/// The names of an adapter's tensors: in memory (<c>q_proj.lora_A.default.weight</c>) and in adapter_model.safetensors
/// (<c>base_model.model.q_proj.lora_A.weight</c>). A name is the module's path and a template in which {0} stands for the adapter's name.
/// </summary>
internal static class AdapterNames
{
    /// <summary>What PEFT puts before every name, in memory and in the file.</summary>
    public const string Prefix = "base_model.model.";

    public const string A = "lora_A.{0}.weight";
    public const string B = "lora_B.{0}.weight";
    public const string BBias = "lora_B.{0}.bias";
    public const string Magnitude = "lora_magnitude_vector.{0}.weight";
    public const string EmbeddingA = "lora_embedding_A.{0}";
    public const string EmbeddingB = "lora_embedding_B.{0}";
    public const string TokenRows = "token_adapter.trainable_tokens_delta.{0}";

    /// <summary>A bias of the base below an adapted layer, and one of a layer without an adapter.</summary>
    public const string BaseBias = "base_layer.bias";
    public const string OwnBias = "bias";

    /// <summary>What stands before the name of a parameter of a module that is trained in full.</summary>
    public const string Saved = "modules_to_save.{0}.";

    /// <summary>The base's own weight, which PEFT saves beside an adapter of an embedding or a head.</summary>
    public const string BaseWeight = "base_layer.weight";

    /// <summary>The name in the model: <c>model.layers.0.self_attn.q_proj.lora_A.default.weight</c>.</summary>
    public static string InMemory(string path, string template, string adapter) => $"{path}.{Below(template, adapter)}";

    /// <summary>The name below the module.</summary>
    public static string Below(string template, string adapter) => string.Format(CultureInfo.InvariantCulture, template, adapter);

    /// <summary>The key in the file, which holds no adapter's name.</summary>
    public static string FileKey(string path, string template) => $"{Prefix}{path}.{Stored(template)}";

    /// <summary>Keys under which the same tensor is found in files saved by hand or by other versions.</summary>
    public static IEnumerable<string> OtherKeys(string path, string template, string adapter)
    {
        yield return Prefix + InMemory(path, template, adapter);
        if (template == Magnitude) yield return $"{Prefix}{path}.lora_magnitude_vector.weight";
    }

    private static string Stored(string template) => template switch
    {
        Magnitude => "lora_magnitude_vector",
        _ when template.StartsWith(Saved, StringComparison.Ordinal) => template[Saved.Length..],
        _ => template.Replace("{0}.", "", StringComparison.Ordinal).Replace(".{0}", "", StringComparison.Ordinal),
    };
}
