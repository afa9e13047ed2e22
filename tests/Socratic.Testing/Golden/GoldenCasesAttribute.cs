using System.Reflection;
using System.Text.Json;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Socratic.Testing.Golden;

/// <summary>Gives a theory one row a case of an area's <c>cases.json</c>, of the named kinds only if any are named.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GoldenCasesAttribute(string area, params string[] kinds) : DataAttribute
{
    /// <summary>The name of a property of the case that must be true.</summary>
    public string Having { get; set; } = "";

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
        => ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
            [.. GoldenRoot.Cases(area).Where(Fits).Select(c => new TheoryDataRow<GoldenEntry>(c) { TestDisplayName = $"{testMethod.Name}({c})" })]);

    public override bool SupportsDiscoveryEnumeration() => false;

    private bool Fits(GoldenEntry entry)
        => (kinds.Length == 0 || kinds.Contains(entry.Kind)) && (Having.Length == 0 || (entry.Json.TryGetProperty(Having, out var property) && property.ValueKind == JsonValueKind.True));
}
