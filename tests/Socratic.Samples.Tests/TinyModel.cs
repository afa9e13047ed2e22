using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Socratic.Testing;

namespace Socratic.Samples.Tests;

/// <summary>A model folder as on a hub, with small random weights and the tokenizer of a family.</summary>
internal static class TinyModel
{
    private const int Hidden = 32;
    private const int Inner = 64;
    private const int Layers = 2;
    private const int HeadSize = 8;
    private const int KeyHeads = 2;

    internal static string Write(TestFolder folder, string type, string architecture, string tokenizer, int vocabulary, bool hasBiases)
    {
        var model = folder.Copy(Path.Combine(RepositoryRoot.Path, "tests", "golden", "tokenizers", tokenizer), type);
        File.WriteAllText(Path.Combine(model, "config.json"), new JsonObject
        {
            ["architectures"] = new JsonArray(architecture), ["model_type"] = type, ["vocab_size"] = vocabulary, ["hidden_size"] = Hidden, ["intermediate_size"] = Inner,
            ["num_hidden_layers"] = Layers, ["num_attention_heads"] = Hidden / HeadSize, ["num_key_value_heads"] = KeyHeads, ["rms_norm_eps"] = 1e-6, ["rope_theta"] = 10000.0,
            ["max_position_embeddings"] = 512, ["hidden_act"] = "silu", ["tie_word_embeddings"] = true, ["torch_dtype"] = "float32",
        }.ToJsonString());
        WriteWeights(Path.Combine(model, "model.safetensors"), Shapes(vocabulary, hasBiases));
        return model;
    }

    private static IEnumerable<(string Name, int[] Shape)> Shapes(int vocabulary, bool hasBiases)
    {
        yield return ("model.embed_tokens.weight", [vocabulary, Hidden]);
        yield return ("model.norm.weight", [Hidden]);
        for (var i = 0; i < Layers; i++)
        {
            var layer = string.Create(CultureInfo.InvariantCulture, $"model.layers.{i}.");
            foreach (var norm in new[] { "input_layernorm", "post_attention_layernorm" }) yield return ($"{layer}{norm}.weight", [Hidden]);
            foreach (var (name, size) in new[] { ("q_proj", Hidden), ("k_proj", KeyHeads * HeadSize), ("v_proj", KeyHeads * HeadSize) })
            {
                yield return ($"{layer}self_attn.{name}.weight", [size, Hidden]);
                if (hasBiases) yield return ($"{layer}self_attn.{name}.bias", [size]);
            }
            yield return ($"{layer}self_attn.o_proj.weight", [Hidden, Hidden]);
            yield return ($"{layer}mlp.gate_proj.weight", [Inner, Hidden]);
            yield return ($"{layer}mlp.up_proj.weight", [Inner, Hidden]);
            yield return ($"{layer}mlp.down_proj.weight", [Hidden, Inner]);
        }
    }

    private static void WriteWeights(string path, IEnumerable<(string Name, int[] Shape)> shapes)
    {
        var random = new Random(5);
        var (header, data, at) = (new JsonObject(), new MemoryStream(), 0L);
        foreach (var (name, shape) in shapes)
        {
            var values = new float[shape.Aggregate(1, (a, b) => a * b)];
            for (var i = 0; i < values.Length; i++) values[i] = shape.Length == 1 && name.EndsWith("norm.weight", StringComparison.Ordinal) ? 1 : (float)(0.1 * (random.NextDouble() - 0.5));
            data.Write(MemoryMarshal.AsBytes<float>(values));
            header[name] = new JsonObject { ["dtype"] = "F32", ["shape"] = new JsonArray([.. shape.Select(n => JsonValue.Create(n))]), ["data_offsets"] = new JsonArray(at, data.Position) };
            at = data.Position;
        }
        var json = Encoding.UTF8.GetBytes(header.ToJsonString());
        Array.Resize(ref json, (json.Length + 7) / 8 * 8);
        json.AsSpan().Replace((byte)0, (byte)' ');
        using var file = File.Create(path);
        file.Write(BitConverter.GetBytes((long)json.Length));
        file.Write(json);
        data.WriteTo(file);
    }
}
