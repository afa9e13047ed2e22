using Socratic.Testing.Golden;
using Socratic.Training.Layers;
using Socratic.Training.Lora.Layers;
using Socratic.Training.Lora.Sites;
using Socratic.Training.Safetensors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests.RoundTrip;

/// <summary>A layer's adapter under mixed precision, beside PEFT's under torch's autocast.</summary>
public sealed class AutocastTests(ITestOutputHelper output)
{
    private const string Program = """
        import sys, torch
        from peft import LoraConfig, get_peft_model
        from safetensors.torch import load_file, save_file
        folder = sys.stdin.read().strip()
        given = load_file(folder + "/given.safetensors")
        model = torch.nn.Sequential(torch.nn.Linear(96, 64, bias=False))
        model[0].weight.data.copy_(given["w"])
        model = get_peft_model(model, LoraConfig(r=8, lora_alpha=12, target_modules=["0"]))
        layer = model.base_model.model[0]
        a, b = layer.lora_A.default.weight, layer.lora_B.default.weight
        a.data.copy_(given["a"]); b.data.copy_(given["b"])
        x = given["x"].requires_grad_(True)
        with torch.autocast("cpu", torch.bfloat16):
            y = model(x)
        y.backward(given["dy"])
        save_file({"y": y.detach(), "dx": x.grad, "da": a.grad, "db": b.grad}, folder + "/theirs.safetensors")
        """;

    [Fact]
    public void An_adapter_under_mixed_precision_computes_what_PEFT_computes_under_autocast()
    {
        Peers.Require();
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        manual_seed(4);
        var given = new Dictionary<string, Tensor>
        {
            ["w"] = randn(64, 96), ["a"] = randn(8, 96), ["b"] = randn(64, 8), ["x"] = randn(40, 96), ["dy"] = randn(40, 64).to(ScalarType.BFloat16),
        };
        SafetensorsWriter.Write(folder.File("given.safetensors"), given);
        output.WriteLine(Peers.Run(Program, folder.Path));
        var theirs = new GoldenTensors(folder.File("theirs.safetensors"));

        using var layer = new LoraLinear("x", new DenseLinear(new Parameter(given["w"], requires_grad: false)));
        var adapter = new LinearAdapter(new LayerSettings(8, 12, false, 0), new Parameter(given["a"]), new Parameter(given["b"]), null);
        layer.Add("default", adapter);
        layer.SetActive(["default"]);
        var x = given["x"].requires_grad_(true);
        Tensor y;
        using (MixedPrecision.On()) y = layer.call(x);
        y.backward([given["dy"]]);

        Assert.Equal(ScalarType.BFloat16, y.dtype);
        foreach (var (name, mine) in new[] { ("y", y), ("dx", x.grad!), ("da", adapter.A.grad!), ("db", adapter.B.grad!) })
        {
            var (values, expected) = (mine.detach().to(ScalarType.Float32).data<float>().ToArray(), theirs.Floats(name));
            output.WriteLine($"{name}: {values.Where((v, i) => v != expected[i]).Count()} of {values.Length} differ, by up to {values.Zip(expected, (v, e) => MathF.Abs(v - e)).Max() / expected.Max(MathF.Abs):G3} of the largest");
            Close.OfLargest(values, expected, 1.0 / 256, name);
        }
    }
}
