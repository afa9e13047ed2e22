using System.Text.Json;

namespace Socratic.Testing.Golden;

/// <summary>
/// Where the reference values lie: <c>SOCRATIC_GOLDEN</c> if set, else <c>tests/golden</c> of this repository.
/// Another folder of the same form can stand in, so a test enumerates <c>cases.json</c> and never names a case.
/// </summary>
public static class GoldenRoot
{
    public static string Path { get; } = Find();

    /// <summary>The folder of an area, such as <c>trainer</c>.</summary>
    public static string Area(string area) => System.IO.Path.Combine(Path, area);

    /// <summary>A file of an area; the parts are relative to the area's folder.</summary>
    public static string File(string area, params string[] parts) => System.IO.Path.Combine([Area(area), .. parts]);

    /// <summary>True if the area's <c>cases.json</c> is there. Another golden folder may hold some areas only.</summary>
    public static bool Has(string area) => System.IO.File.Exists(File(area, "cases.json"));

    /// <summary>The parsed <c>cases.json</c> of an area.</summary>
    public static JsonElement Index(string area) => Json(File(area, "cases.json"));

    /// <summary>The objects below <c>cases</c> of an area's index, with their names; empty if the area is missing.</summary>
    public static IReadOnlyList<GoldenEntry> Cases(string area) => Has(area)
        ? [.. Index(area).GetProperty("cases").EnumerateArray().Select(c => new GoldenEntry(area, c))]
        : [];

    public static JsonElement Json(string path)
    {
        using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }

    private static string Find()
    {
        var elsewhere = Environment.GetEnvironmentVariable("SOCRATIC_GOLDEN");
        if (!string.IsNullOrEmpty(elsewhere))
        {
            var full = System.IO.Path.GetFullPath(elsewhere);
            return Directory.Exists(full) ? full : throw new DirectoryNotFoundException($"SOCRATIC_GOLDEN is '{elsewhere}', which is not a folder.");
        }
        return System.IO.Path.Combine(RepositoryRoot.Path, "tests", "golden");
    }
}
