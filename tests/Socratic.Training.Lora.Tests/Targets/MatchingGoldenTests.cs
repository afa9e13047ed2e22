using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Lora.Targets;

namespace Socratic.Training.Lora.Tests.Targets;

[Trait("Kind", "Golden")]
public sealed class MatchingGoldenTests
{
    [Fact]
    public void The_targeted_and_the_fully_trained_modules_are_those_of_PEFT() => WithMatching(matching =>
    {
        var modules = Tree([.. matching.GetProperty("modules").EnumerateArray().Select(m => m.GetString()!)]);
        foreach (var entry in matching.GetProperty("which_modules").EnumerateArray())
        {
            var settings = entry.GetProperty("settings");
            var what = settings.GetRawText();
            var options = Peft.FromArguments(settings).Options;
            if (entry.TryGetProperty("error", out _))
            {
                var e = Assert.Throws<ArgumentException>(() => TargetMatch.Find(options, modules, SettingNames.Options));
                Assert.Contains(options.TargetModules!.ToString(), e.Message, StringComparison.Ordinal);
                continue;
            }
            var saved = options.ModulesToSave ?? [];
            if (saved.FirstOrDefault(s => !modules.Any(m => m.Path.EndsWith(s, StringComparison.Ordinal))) is { } missing)
            {
                // PEFT says nothing; for us it is an error (errors.json, modules_to_save_unknown).
                var e = Assert.Throws<ArgumentException>(() => TargetMatch.Find(options, modules, SettingNames.Options));
                Assert.Contains(missing, e.Message, StringComparison.Ordinal);
                options = options with { ModulesToSave = [.. saved.Where(s => s != missing)] };
            }
            var match = TargetMatch.Find(options, modules, SettingNames.Options);
            Equal(entry.GetProperty("targeted"), match.Targeted.Select(m => m.Path), what);
            Equal(entry.GetProperty("fully_trained"), match.FullyTrained.Select(m => m.Path), what);
            foreach (var _ in entry.GetProperty("warnings").EnumerateArray())
                Assert.Contains(match.Warnings, w => w.Contains("ExcludeModules", StringComparison.Ordinal));
        }
    });

    [Fact]
    public void The_first_matching_pattern_gives_the_value() => WithMatching(matching =>
    {
        foreach (var entry in matching.GetProperty("rank_and_alpha_patterns").EnumerateArray())
        {
            // In the order the golden file gives, which is the caller's to choose: PEFT sorts when it saves, we sort before.
            var patterns = entry.GetProperty("pattern").EnumerateArray().Select(p => (Pattern: p[0].GetString()!, Value: p[1].GetInt32())).ToArray();
            foreach (var module in entry.GetProperty("values").EnumerateObject())
            {
                var found = patterns.Where(p => PythonPattern.MatchesEnd(p.Pattern, module.Name)).Select(p => (int?)p.Value).FirstOrDefault();
                Assert.True(found == (module.Value.ValueKind == JsonValueKind.Null ? null : module.Value.GetInt32()), $"{entry.GetProperty("pattern")} on {module.Name}: {found}");
                if (patterns.Select(p => p.Pattern).SequenceEqual(patterns.Select(p => p.Pattern).Order(StringComparer.Ordinal)))
                    Assert.Equal(found ?? -1, PatternTable.Find(patterns.ToDictionary(p => p.Pattern, p => p.Value), module.Name, -1));
            }
        }
    });

    private static void Equal(JsonElement expected, IEnumerable<string> actual, string what)
        => Assert.True(expected.EnumerateArray().Select(m => m.GetString()!).SequenceEqual(actual), $"{what}: {string.Join(", ", actual)}");

    private static void WithMatching(Action<JsonElement> check)
        => GoldenReport.Run(Peft.Area, "matching", () => check(GoldenRoot.Json(Peft.Other("module_and_pattern_matching"))));

    /// <summary>The modules of a model that has nothing but these leaves, containers included, depth first as a model lists them.</summary>
    private static List<ModuleInfo> Tree(string[] leaves)
    {
        var children = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var leaf in leaves)
            for (var path = leaf; path.Length > 0;)
            {
                var dot = path.LastIndexOf('.');
                var parent = dot < 0 ? "" : path[..dot];
                var siblings = children.TryGetValue(parent, out var there) ? there : children[parent] = [];
                if (!siblings.Contains(path)) siblings.Add(path);
                path = parent;
            }
        var modules = new List<ModuleInfo>();
        void Walk(string path)
        {
            foreach (var child in children.GetValueOrDefault(path) ?? [])
            {
                var kind = !leaves.Contains(child) ? ModuleKind.Other : child.EndsWith("embed_tokens", StringComparison.Ordinal) ? ModuleKind.Embedding : ModuleKind.Linear;
                modules.Add(new ModuleInfo(child, kind, kind.ToString()));
                Walk(child);
            }
        }
        Walk("");
        return modules;
    }
}
