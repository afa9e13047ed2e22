using System.Reflection;
using System.Text.Json;
using Socratic.Testing.Golden;
using Xunit.Sdk;
using Xunit.v3;

namespace Socratic.Training.Lora.Tests;

/// <summary>
/// Gives a theory one row an entry of a list that golden/peft has besides its cases: an array of cases.json (nf4, loraplus), or of a file named under others (errors).
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeftListAttribute(string list) : DataAttribute
{
    /// <summary>Entries without a folder of their own, which are calls, instead of those with one.</summary>
    public bool Calls { get; set; }

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
        => ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
            [.. Entries().Where(e => Calls == (e.TryGetProperty("path", out var path) && path.ValueKind == JsonValueKind.Null)).Select(e => new GoldenEntry(Peft.Area, e)).Select(e => new TheoryDataRow<GoldenEntry>(e) { TestDisplayName = $"{testMethod.Name}({e})" })]);

    public override bool SupportsDiscoveryEnumeration() => false;

    private JsonElement[] Entries()
    {
        if (!GoldenRoot.Has(Peft.Area)) return [];
        var index = GoldenRoot.Index(Peft.Area);
        if (index.TryGetProperty(list, out var array)) return [.. array.EnumerateArray()];
        return index.TryGetProperty("others", out var others) && others.TryGetProperty(list, out var file) ? [.. GoldenRoot.Json(Peft.File(file.GetString()!)).EnumerateArray()] : [];
    }
}
