// Compiled by check-packages.sh in a project of its own: a user of the 4-bit package.
using Socratic.Training;
using Socratic.Training.Layers;
using Socratic.Training.Lora;
using Socratic.Training.Quantization;
using Socratic.Training.Safetensors;
using static TorchSharp.torch;

namespace Outside;

public static class FourBits
{
    /// <summary>Writes a tiny model, loads it in 4 bits and puts an adapter over it.</summary>
    public static string Try(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 32, "intermediate_size": 96, "num_hidden_layers": 1, "num_attention_heads": 2,
             "num_key_value_heads": 1, "vocab_size": 64, "max_position_embeddings": 64, "rms_norm_eps": 1e-06, "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": true, "eos_token_id": 1}
            """);
        var tensors = new Dictionary<string, Tensor> { ["model.embed_tokens.weight"] = randn(64, 32), ["model.norm.weight"] = ones(32) };
        void Layer(string name, params long[] shape) => tensors[$"model.layers.0.{name}.weight"] = randn(shape);
        Layer("input_layernorm", 32);
        Layer("post_attention_layernorm", 32);
        Layer("self_attn.q_proj", 32, 32);
        Layer("self_attn.k_proj", 16, 32);
        Layer("self_attn.v_proj", 16, 32);
        Layer("self_attn.o_proj", 32, 32);
        Layer("mlp.gate_proj", 96, 32);
        Layer("mlp.up_proj", 96, 32);
        Layer("mlp.down_proj", 32, 96);
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), tensors);
        using var model = CausalLanguageModel.Load(folder, load => load.QuantizeTo4Bit());
        model.AddLora(new LoraOptions { Rank = 1, TargetModules = ["q_proj"] });
        using var logits = model.Forward(tensor(new long[] { 1, 2, 3 }, [1, 3]));
        return $"QLoRA: {model.Lora().Trainable().TrainableCount} trained weights over {model.modules().OfType<LinearLayer>().Sum(l => l.CodedWeights)} in 4 bits";
    }
}
