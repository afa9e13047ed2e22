using System.Text.Json.Nodes;
using Socratic.Testing;
using Socratic.Training.Safetensors;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Models;

public sealed class ModelLoadErrorTests : IDisposable
{
    private readonly TinyModel tiny = new();

    public void Dispose() => tiny.Dispose();

    [Fact]
    public void A_folder_that_is_not_there() => FailsAt(Path.Combine(tiny.Folder, "none"), "none", "no such folder");

    [Fact]
    public void A_folder_without_configuration()
    {
        File.Delete(tiny.File("config.json"));
        Fails("config.json", "no such file");
    }

    [Fact]
    public void A_configuration_that_is_no_JSON()
    {
        File.WriteAllText(tiny.File("config.json"), "{ \"model_type\": ");
        Fails("config.json", "not valid JSON");
    }

    [Fact]
    public void An_unknown_architecture_lists_those_known()
    {
        tiny.Configure(c => c["model_type"] = "mamba");
        Fails("config.json", "model_type", "mamba", "gemma2", "gemma3_text", "llama", "mistral", "qwen2", "qwen3");
    }

    [Theory]
    [InlineData("hidden_activation", "\"relu\"")]
    [InlineData("attention_dropout", "0.1")]
    [InlineData("use_bidirectional_attention", "true")]
    [InlineData("rope_scaling", "{ \"rope_type\": \"yarn\", \"factor\": 4.0 }")]
    [InlineData("layer_types", "[\"full_attention\", \"chunked_attention\", \"full_attention\", \"full_attention\"]")]
    public void A_known_architecture_with_a_setting_that_is_not_done_names_it(string key, string value)
    {
        tiny.Configure(c => c[key] = JsonNode.Parse(value));
        Fails("config.json", key, "not supported");
    }

    [Theory]
    [InlineData("hidden_size", "null")]
    [InlineData("hidden_size", "-1")]
    [InlineData("hidden_size", "40.5")]
    [InlineData("hidden_size", "\"40\"")]
    [InlineData("num_hidden_layers", "1e300")]
    [InlineData("num_key_value_heads", "3")]
    [InlineData("rms_norm_eps", "0")]
    [InlineData("rope_theta", "[]")]
    [InlineData("tie_word_embeddings", "1")]
    [InlineData("eos_token_id", "\"1\"")]
    [InlineData("layer_types", "[\"full_attention\"]")]
    [InlineData("pad_token_id", "272")]
    public void A_value_that_makes_no_sense_is_named(string key, string value)
    {
        File.Delete(tiny.File("generation_config.json"));
        tiny.Configure(c => c[key] = JsonNode.Parse(value));
        Fails("config.json", key, "expected");
    }

    [Fact]
    public void A_folder_without_weights()
    {
        File.Delete(tiny.File("model.safetensors"));
        Fails("no weights", "model.safetensors");
    }

    [Fact]
    public void A_truncated_file()
    {
        using (var file = new FileStream(tiny.File("model.safetensors"), FileMode.Open)) file.SetLength(file.Length - 100);
        Fails("model.safetensors");
    }

    [Fact]
    public void A_missing_tensor()
    {
        Weights(w => w.Remove("model.layers.2.mlp.up_proj.weight"));
        Fails("'model.layers.2.mlp.up_proj.weight'", "missing");
    }

    [Fact]
    public void A_tensor_too_many()
    {
        Weights(w => w["model.layers.0.self_attn.q_proj.bias"] = zeros(64));
        Fails("'model.layers.0.self_attn.q_proj.bias'", "config.json belongs to another model");
    }

    [Fact]
    public void A_tensor_of_another_shape()
    {
        Weights(w => w["model.norm.weight"] = zeros(41));
        Fails("'model.norm.weight'", "[41]", "[40]");
    }

    [Fact]
    public void A_tensor_that_is_no_float()
    {
        Weights(w => w["model.norm.weight"] = zeros(40, ScalarType.Int8));
        Fails("'model.norm.weight'", "I8");
    }

    [Fact]
    public void Stored_rotary_frequencies_are_passed_over()
    {
        Weights(w => w["model.layers.0.self_attn.rotary_emb.inv_freq"] = zeros(8));
        using var model = CausalLanguageModel.Load(tiny.Folder);
    }

    [Fact]
    public void A_quantized_checkpoint_names_the_package()
    {
        tiny.Configure(c => c["quantization_config"] = new JsonObject { ["load_in_4bit"] = true });
        Fails("quantization_config", "Socratic.Training.Quantization");
    }

    [Fact]
    public void A_tokenizer_that_does_not_fit_the_embedding()
    {
        var folder = Path.Combine(RepositoryRoot.Path, "tests", "golden", "tokenizers", "gemma");
        foreach (var name in new[] { "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json" }) File.Copy(Path.Combine(folder, name), tiny.File(name));
        Fails("tokenizer", "5599", "272");
    }

    [Fact]
    public void A_tokenizer_is_missed_only_when_it_is_asked_for()
    {
        using var model = CausalLanguageModel.Load(tiny.Folder);
        Assert.False(model.HasTokenizer);
        Assert.Contains("tokenizer", Assert.Throws<InvalidOperationException>(() => model.Tokenizer).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_load_leaves_no_tensor_behind()
    {
        Weights(w => w["model.norm.weight"] = zeros(41));
        TinyModel.Settle();
        var before = Tensor.TotalCount;
        Fails("'model.norm.weight'");
        Assert.Equal(before, Tensor.TotalCount);
    }

    private void Fails(params string[] parts) => FailsAt(tiny.Folder, parts);

    private static void FailsAt(string folder, params string[] parts)
    {
        var error = Assert.Throws<ModelLoadException>(() => CausalLanguageModel.Load(folder));
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', error.Message);
    }

    private void Weights(Action<Dictionary<string, Tensor>> change)
    {
        using var scope = NewDisposeScope();
        var weights = new Dictionary<string, Tensor>();
        using (var file = SafetensorsFile.Open(tiny.File("model.safetensors")))
            foreach (var name in file.Names) weights[name] = file.Read(name);
        change(weights);
        SafetensorsWriter.Write(tiny.File("model.safetensors"), weights);
    }
}
