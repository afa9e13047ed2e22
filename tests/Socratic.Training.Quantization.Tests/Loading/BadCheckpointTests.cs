using System.Text;
using System.Text.Json.Nodes;
using Socratic.Training.Safetensors;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Loading;

/// <summary>A checkpoint that is not what it should be gives one error that names file and tensor, and never a number.</summary>
public sealed class BadCheckpointTests
{
    private const string Layer = "model.layers.1.mlp.up_proj.";
    private const string State = Layer + "weight.quant_state.bitsandbytes__nf4";

    public static TheoryData<string, string> BrokenTensors => new()
    {
        { Layer + "weight.absmax", "missing" },
        { Layer + "weight.quant_map", "missing" },
        { Layer + "weight.nested_absmax", "missing" },
        { Layer + "weight.nested_quant_map", "missing" },
        { Layer + "weight", "missing" },
        { State, "missing" },
        { Layer + "weight.absmax", "short" },
        { Layer + "weight.quant_map", "short" },
        { Layer + "weight.nested_absmax", "short" },
        { Layer + "weight.nested_quant_map", "short" },
        { Layer + "weight", "short" },
        { Layer + "weight.absmax", "dtype" },
        { Layer + "weight.quant_map", "dtype" },
        { Layer + "weight.nested_absmax", "dtype" },
        { Layer + "weight.nested_quant_map", "dtype" },
        { Layer + "weight", "dtype" },
        { Layer + "weight.quant_map", "value" },
        { Layer + "weight.nested_absmax", "nan" },
        { Layer + "weight.something", "new" },
        { Layer + "bias", "new" },
        { Layer + "weight.quant_state.bitsandbytes__fp4", "new" },
    };

    public static TheoryData<string, string, string> BrokenStates => new()
    {
        { "quant_type", "\"int4\"", "nf4 or fp4" },
        { "quant_type", "\"fp4\"", "nf4" },
        { "quant_type", "null", "quant_type" },
        { "blocksize", "63", "a power of two from 32 to 4096" },
        { "blocksize", "8192", "a power of two from 32 to 4096" },
        { "blocksize", "64.5", "a whole number" },
        { "blocksize", "128", "elements" },
        { "dtype", "\"int8\"", "float32, bfloat16 or float16" },
        { "shape", "[64, 128]", "[128, 64]" },
        { "shape", "[128, -64]", "a list of sizes" },
        { "nested_blocksize", "0", "a positive number" },
        { "nested_blocksize", "16", "elements" },
        { "nested_dtype", "\"float16\"", "float32" },
        { "nested_offset", "NaN", "a finite number" },
        { "nested_offset", "", "nested_offset is nothing" },
    };

    [Theory, MemberData(nameof(BrokenTensors))]
    public void ABrokenTensorIsNamed(string name, string how)
    {
        using var folder = new TemporaryFolder();
        Rewrite(folder, tensors => Break(tensors, name, how));
        var error = Assert.Throws<ModelLoadException>(() => Load(folder));
        // What the network has no place for is found by all files' names together, before any file is read.
        Assert.Contains(name.EndsWith("bias", StringComparison.Ordinal) ? folder.Path : folder.File("model.safetensors"), error.Message, StringComparison.Ordinal);
        Assert.Contains(Layer, error.Message, StringComparison.Ordinal);
        // Scales that are not finite are found when they are put together.
        Assert.Contains(how == "nan" ? "weight.absmax" : name[Layer.Length..], error.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(BrokenStates))]
    public void ABrokenStateIsNamed(string key, string value, string expected)
    {
        using var folder = new TemporaryFolder();
        Rewrite(folder, tensors =>
        {
            var state = JsonNode.Parse(Encoding.UTF8.GetString(tensors[State].bytes))!.AsObject();
            var members = state.Where(m => m.Key != key).Select(m => $"\"{m.Key}\": {m.Value!.ToJsonString()}");
            var text = $"{{{string.Join(", ", value.Length == 0 ? members : members.Append($"\"{key}\": {value}"))}}}";
            tensors[State] = Bytes(text);
        });
        var error = Assert.Throws<ModelLoadException>(() => Load(folder));
        Assert.Contains("model.safetensors", error.Message, StringComparison.Ordinal);
        Assert.Contains(Layer, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(""), InlineData("{"), InlineData("[1]"), InlineData("{\"quant_type\": \"nf4\", \"quant_type\": \"fp4\"}"), InlineData("\u0000")]
    public void AStateThatIsNoObjectIsNamed(string text)
    {
        using var folder = new TemporaryFolder();
        Rewrite(folder, tensors => tensors[State] = Bytes(text));
        Assert.Contains(State, Assert.Throws<ModelLoadException>(() => Load(folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"quant_method\": \"gptq\"", "quant_method is gptq, expected bitsandbytes")]
    [InlineData("\"quant_method\": \"bitsandbytes\", \"load_in_8bit\": true", "load_in_8bit is true")]
    [InlineData("\"quant_method\": \"bitsandbytes\"", "load_in_4bit")]
    [InlineData("\"load_in_4bit\": true, \"bnb_4bit_quant_type\": \"int4\"", "bnb_4bit_quant_type is int4")]
    [InlineData("\"load_in_4bit\": true, \"bnb_4bit_quant_storage\": \"bfloat16\"", "bnb_4bit_quant_storage is bfloat16")]
    public void AnotherKindOfQuantizationIsNamed(string section, string expected)
    {
        using var folder = new TemporaryFolder();
        Rewrite(folder, _ => { });
        var config = JsonNode.Parse(File.ReadAllText(folder.File("config.json")))!.AsObject();
        config["quantization_config"] = JsonNode.Parse($"{{{section}}}");
        File.WriteAllText(folder.File("config.json"), config.ToJsonString());
        var error = Assert.Throws<ModelLoadException>(() => Load(folder));
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutThisPackageTheErrorNamesIt()
    {
        using var folder = new TemporaryFolder();
        Rewrite(folder, _ => { });
        Assert.Contains("Socratic.Training.Quantization", Assert.Throws<ModelLoadException>(() => CausalLanguageModel.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(float.NaN), InlineData(float.PositiveInfinity)]
    public void DenseWeightsThatAreNotFiniteAreRefused(float value)
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder.Path, change: tensors => tensors[Layer + "weight"].view(-1)[77] = value);
        var before = Tensor.TotalCount;
        var error = Assert.Throws<ModelLoadException>(() => Load(folder));
        Assert.Contains($"model.safetensors: '{Layer}weight' holds NaN or infinity", error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(48), InlineData(16), InlineData(8192), InlineData(0)]
    public void WrongOptionsAreRefusedBeforeAnythingIsRead(int blockSize)
        => Assert.Contains("BlockSize", Assert.Throws<ArgumentException>(() => new ModelLoadOptions().QuantizeTo4Bit(new QuantizationOptions { BlockSize = blockSize })).Message, StringComparison.Ordinal);

    private static CausalLanguageModel Load(TemporaryFolder folder) => CausalLanguageModel.Load(folder.Path, load => load.QuantizeTo4Bit());

    /// <summary>A 4-bit checkpoint with changes.</summary>
    private static void Rewrite(TemporaryFolder folder, Action<Dictionary<string, Tensor>> change)
    {
        using var scope = NewDisposeScope();
        TinyModel.Write(folder.File("dense"));
        using (var model = CausalLanguageModel.Load(folder.File("dense"), load => load.QuantizeTo4Bit())) CheckpointGoldenTests.Save(model, folder.Path);
        var tensors = new Dictionary<string, Tensor>();
        using (var file = SafetensorsFile.Open(folder.File("model.safetensors")))
            foreach (var name in file.Names) tensors[name] = file.Read(name);
        change(tensors);
        SafetensorsWriter.Write(folder.File("model.safetensors"), tensors);
    }

    private static void Break(Dictionary<string, Tensor> tensors, string name, string how)
    {
        switch (how)
        {
            case "missing": tensors.Remove(name); break;
            case "new": tensors[name] = zeros(3); break;
            case "short": tensors[name] = tensors[name].narrow(0, 0, tensors[name].shape[0] - 1).contiguous(); break;
            case "dtype": tensors[name] = tensors[name].to(ScalarType.Float16); break;
            case "nan": tensors[name][0] = float.NaN; break;
            case "value": tensors[name][3] = -0.3f; break;
            default: throw new ArgumentException(how);
        }
    }

    private static Tensor Bytes(string text) => text.Length == 0 ? zeros([0], ScalarType.Byte) : tensor(Encoding.UTF8.GetBytes(text), ScalarType.Byte);
}
