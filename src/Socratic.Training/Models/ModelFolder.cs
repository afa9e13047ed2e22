using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Socratic.Training.Models;

/// <summary>
/// The Hugging Face folder a model came from. Its configuration files are held in memory: a run must be able to write them again when the folder
/// (a checkpoint that was rotated away, say) is gone.
/// </summary>
internal sealed class ModelFolder(string path)
{
    public const string ConfigFile = "config.json";
    public const string GenerationFile = "generation_config.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly byte[]? config = Read(path, ConfigFile);
    private readonly byte[]? generation = Read(path, GenerationFile);

    public string Path { get; } = path;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>
    /// Writes the configuration files; config.json says <paramref name="dtype"/>, whether the head is tied and what <paramref name="amend"/> has to say, the rest
    /// stays as it was.
    /// </summary>
    public void WriteTo(string folder, ScalarType dtype, bool tiedHead, Action<JsonObject> amend)
    {
        Directory.CreateDirectory(folder);
        System.IO.File.WriteAllBytes(System.IO.Path.Combine(folder, ConfigFile), Config(dtype, tiedHead, amend));
        if (generation is not null) System.IO.File.WriteAllBytes(System.IO.Path.Combine(folder, GenerationFile), generation);
    }

    private byte[] Config(ScalarType dtype, bool tiedHead, Action<JsonObject> amend)
    {
        var json = JsonNode.Parse(config)!.AsObject();
        var before = json.DeepClone();
        amend(json);
        var name = dtype == ScalarType.BFloat16 ? "bfloat16" : "float32";
        var key = json.ContainsKey("dtype") ? "dtype" : "torch_dtype";
        var isTrue = json[key]?.ToString() == name && (tiedHead || json["tie_word_embeddings"]?.ToString() == "false") && JsonNode.DeepEquals(json, before);
        if (isTrue) return config!;
        json[key] = name;
        if (!tiedHead) json["tie_word_embeddings"] = false;
        return JsonSerializer.SerializeToUtf8Bytes(json, Indented);
    }

    private static byte[]? Read(string folder, string name)
    {
        var file = System.IO.Path.Combine(folder, name);
        return System.IO.File.Exists(file) ? System.IO.File.ReadAllBytes(file) : null;
    }
}
