using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Socratic.Testing.Golden;

/// <summary>Gives a theory one row a case of an area's <c>cases.json</c>, of the named kinds only if any are named.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GoldenCasesAttribute(string area, params string[] kinds) : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
        => ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
            [.. GoldenRoot.Cases(area).Where(c => kinds.Length == 0 || kinds.Contains(c.Kind)).Select(c => new TheoryDataRow<GoldenEntry>(c) { TestDisplayName = $"{testMethod.Name}({c})" })]);

    public override bool SupportsDiscoveryEnumeration() => false;
}
