using Socratic.Testing.Golden;
using Socratic.Training.Lora.Initialization;
using Socratic.Training.Lora.Tests.Cases;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests.Initialization;

[Trait("Kind", "Golden")]
public sealed class FirstValuesGoldenTests
{
    [Fact]
    public void A_seed_gives_the_numbers_torch_draws_for_A() => GoldenReport.Run(Peft.Area, "init_draws", () =>
    {
        using var scope = NewDisposeScope();
        var folder = Peft.Other("init_draws");
        var tensors = new GoldenTensors(Path.Combine(folder, "golden.safetensors"));
        foreach (var draw in GoldenRoot.Json(Path.Combine(folder, "golden.json")).EnumerateArray())
        {
            var name = draw.GetProperty("tensor").GetString()!;
            var shape = tensors.Shape(name);
            manual_seed(draw.GetProperty("seed").GetInt64());
            var drawn = draw.GetProperty("call").GetString()!.Contains("kaiming", StringComparison.Ordinal)
                ? FirstValues.Uniform(shape[0], shape[1])
                : FirstValues.Gaussian(shape[0], shape[1]);
            Close.Largest(GoldenCase.Values(drawn), tensors.Floats(name), 1e-7, name);
        }
    });
}
