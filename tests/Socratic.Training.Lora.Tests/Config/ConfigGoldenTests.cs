using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Socratic.Testing.Golden;
using Socratic.Training.Lora.Config;

namespace Socratic.Training.Lora.Tests.Config;

[Trait("Kind", "Golden")]
public sealed class ConfigGoldenTests
{
    [Fact]
    public void Canonical_files_are_written_byte_for_byte() => WithConfig((config, folder) =>
    {
        foreach (var written in config.EnumerateObject().Single(p => p.Name.StartsWith("written_by", StringComparison.Ordinal)).Value.EnumerateObject())
        {
            var expected = File.ReadAllBytes(Path.Combine(folder, written.Name, AdapterConfig.FileName));
            var actual = Peft.FromArguments(written.Value.GetProperty("arguments")).Write(null, null);
            Assert.Equal(Encoding.ASCII.GetString(expected), Encoding.ASCII.GetString(actual));
            Assert.Equal(written.Value.GetProperty("bytes").GetInt32(), actual.Length);
            Assert.Equal(written.Value.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(actual)));
            Assert.Equal(written.Value.GetProperty("keys").EnumerateArray().Select(k => k.GetString()), JsonNode.Parse(actual)!.AsObject().Select(m => m.Key));
        }
    });

    [Fact]
    public void Every_key_has_its_default_and_is_supported_ignored_or_refused() => WithConfig((config, _) =>
    {
        var keys = config.GetProperty("keys").EnumerateArray().ToArray();
        Assert.Equal(keys.Select(k => k.GetProperty("key").GetString()!).Order(StringComparer.Ordinal), ConfigKeys.All.Order(StringComparer.Ordinal));
        foreach (var entry in keys)
        {
            var key = entry.GetProperty("key").GetString()!;
            Assert.Equal(entry.GetProperty("default").GetRawText(), ConfigKeys.DefaultOf(key)?.ToJsonString() ?? "null");
            Assert.Equal(entry.GetProperty("if_not_default").GetString(), ConfigKeys.UseOf(key).ToString().ToLowerInvariant());
            if (ConfigKeys.UseOf(key) != KeyUse.Refuse) continue;
            var set = Encoding.UTF8.GetBytes($$"""{"peft_type": "LORA", "{{key}}": [1]}""");
            var e = Assert.Throws<InvalidDataException>(() => AdapterConfig.Parse(set, AdapterConfig.FileName));
            Assert.Contains(key, e.Message, StringComparison.Ordinal);
        }
    });

    [Fact]
    public void Layouts_of_other_versions_are_read_and_written_again_as_PEFT_does() => WithConfig((config, _) =>
    {
        foreach (var layout in config.GetProperty("layouts").EnumerateArray())
        {
            var read = AdapterConfig.Read(Peft.File(layout.GetProperty("path").GetString()!));
            Assert.Equal(layout.GetProperty("r").GetInt32(), read.Options.Rank);
            Assert.Equal(layout.GetProperty("lora_alpha").GetDouble(), read.Options.Alpha);
            var expected = File.ReadAllBytes(Peft.File(layout.GetProperty("path").GetString()!, "adapter_config.saved_again.json"));
            var filled = read.With(read.Options with { TargetModules = read.Options.TargetModules ?? ["q_proj", "v_proj"] });
            var mapping = new JsonObject { ["base_model_class"] = "LlamaForCausalLM", ["parent_library"] = "transformers.models.llama.modeling_llama" };
            Assert.Equal(Peft.InOrder(expected), Peft.InOrder(filled.Write(layout.GetProperty("base").GetString(), mapping)));

            var unknown = layout.GetProperty("warnings").EnumerateArray().Select(w => w.GetString()!).ToArray();
            Assert.Equal(unknown.Length, read.Warnings.Count);
            foreach (var (heard, ours) in unknown.Zip(read.Warnings))
                foreach (var key in heard[(heard.IndexOf('[', StringComparison.Ordinal) + 1)..heard.IndexOf(']', StringComparison.Ordinal)].Split(", "))
                    Assert.Contains(key.Trim('\''), ours, StringComparison.Ordinal);
        }
    });

    [Fact]
    public void Every_configuration_that_is_read_is_written_again_with_the_same_bytes() => WithConfig((_, _) =>
    {
        var files = GoldenRoot.Cases(Peft.Area).SelectMany(c => Directory.GetFiles(Peft.File(c["path"]), AdapterConfig.FileName, SearchOption.AllDirectories)).ToArray();
        Assert.NotEmpty(files);
        foreach (var file in files) // a converted adapter keeps inference_mode false in PEFT; nothing reads it
            Assert.Equal(File.ReadAllText(file).Replace("\"inference_mode\": false", "\"inference_mode\": true", StringComparison.Ordinal), Encoding.ASCII.GetString(AdapterConfig.Read(Path.GetDirectoryName(file)!).Write("unused", null)));
    });

    private static void WithConfig(Action<JsonElement, string> check) => GoldenReport.Run(Peft.Area, "config", () =>
    {
        var path = Peft.Other("configuration");
        check(GoldenRoot.Json(path), Path.GetDirectoryName(path)!);
    });
}
