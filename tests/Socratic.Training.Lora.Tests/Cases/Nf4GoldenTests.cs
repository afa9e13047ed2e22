using Socratic.Testing.Golden;

namespace Socratic.Training.Lora.Tests.Cases;

[Trait("Kind", "Golden")]
public sealed class Nf4GoldenTests
{
    [Theory(SkipTestWithoutData = true), PeftList("nf4")]
    public void Adapters_over_a_4_bit_base(GoldenEntry entry)
        => GoldenReport.Run(Peft.Area, $"nf4/{entry.Name}", () => Assert.Skip("a 4-bit base: Lora does not know Quantization, whose tests have these cases"));
}
