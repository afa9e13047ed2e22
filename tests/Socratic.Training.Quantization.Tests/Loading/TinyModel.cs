using Socratic.Training.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Loading;

/// <summary>A small checkpoint with random weights, as a folder.</summary>
internal static class TinyModel
{
    /// <summary>Writes a Qwen2 (biases on q, k, v; a head of its own) or a Llama.</summary>
    public static void Write(
        string folder, ScalarType dtype = ScalarType.Float32, int hidden = 64, int layers = 2, int vocabulary = 96, bool bias = true, Action<Dictionary<string, Tensor>>? change = null)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        Directory.CreateDirectory(folder);
        var (kind, name) = bias ? ("qwen2", "Qwen2ForCausalLM") : ("llama", "LlamaForCausalLM");
        File.WriteAllText(Path.Combine(folder, "config.json"), $$"""
            {"architectures": ["{{name}}"], "model_type": "{{kind}}", "hidden_size": {{hidden}}, "intermediate_size": {{2 * hidden}}, "num_hidden_layers": {{layers}},
             "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": {{vocabulary}}, "max_position_embeddings": 128, "rms_norm_eps": 1e-06, "rope_theta": 10000.0,
             "hidden_act": "silu", "tie_word_embeddings": false, "eos_token_id": 1, "torch_dtype": "{{(dtype == ScalarType.BFloat16 ? "bfloat16" : dtype == ScalarType.Float16 ? "float16" : "float32")}}"}
            """);
        Tensor Random(params long[] shape) => randn(shape, ScalarType.Float32, generator: generator).mul(0.1.ToScalar()).to(dtype);
        var tensors = new Dictionary<string, Tensor> { ["model.embed_tokens.weight"] = Random(vocabulary, hidden), ["lm_head.weight"] = Random(vocabulary, hidden), ["model.norm.weight"] = ones(hidden, dtype) };
        for (var i = 0; i < layers; i++)
        {
            var path = $"model.layers.{i}.";
            foreach (var norm in new[] { "input_layernorm", "post_attention_layernorm" }) tensors[$"{path}{norm}.weight"] = ones(hidden, dtype);
            foreach (var (linear, size) in new[] { ("q", hidden), ("k", hidden / 2), ("v", hidden / 2) })
            {
                tensors[$"{path}self_attn.{linear}_proj.weight"] = Random(size, hidden);
                if (bias) tensors[$"{path}self_attn.{linear}_proj.bias"] = Random(size);
            }
            tensors[$"{path}self_attn.o_proj.weight"] = Random(hidden, hidden);
            foreach (var linear in new[] { "gate", "up" }) tensors[$"{path}mlp.{linear}_proj.weight"] = Random(2 * hidden, hidden);
            tensors[$"{path}mlp.down_proj.weight"] = Random(hidden, 2 * hidden);
        }
        change?.Invoke(tensors);
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), tensors, new Dictionary<string, string> { ["format"] = "pt" });
    }
}
