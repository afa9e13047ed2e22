using System.Reflection;
using Socratic.Testing.Golden;
using Xunit.Sdk;
using Xunit.v3;

namespace Socratic.Training.Lora.Tests;

/// <summary>Gives a theory one row a case of golden/peft that has what the theory is about, by what the case's own data says.</summary>
/// <param name="has">What the case must list under <c>has</c>; empty for anything.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeftCasesAttribute(string has) : DataAttribute
{
    /// <summary>How the name of one of its tensors must begin.</summary>
    public string Tensor { get; set; } = "";

    /// <summary>The name of a tensor it must not have.</summary>
    public string WithoutTensor { get; set; } = "";

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
        => ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
            [.. GoldenRoot.Cases(Peft.Area).Where(Fits).Select(c => new TheoryDataRow<GoldenEntry>(c) { TestDisplayName = $"{testMethod.Name}({c})" })]);

    public override bool SupportsDiscoveryEnumeration() => false;

    private bool Fits(GoldenEntry entry)
    {
        if (has.Length > 0 && !(entry.Json.TryGetProperty("has", out var list) && list.EnumerateArray().Any(h => h.GetString() == has))) return false;
        if (Tensor.Length == 0 && WithoutTensor.Length == 0) return true;
        var tensors = new GoldenTensors(Path.Combine(Peft.File(entry["path"]), "golden.safetensors"));
        return tensors.Names.Any(n => n.StartsWith(Tensor, StringComparison.Ordinal)) && !tensors.Has(WithoutTensor);
    }
}
