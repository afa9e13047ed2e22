using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Optimization;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Optimization;

/// <summary>
/// The groups of modules whose parameters have the reference's names. The data gives names only; a module <c>x_1</c> with weight and bias is an <c>nn.LayerNorm</c> there.
/// </summary>
public sealed class GoldenParameterGroupTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("trainer", "param_groups")]
    [Trait("Kind", "Golden")]
    public void Parameters_fall_into_the_references_groups(GoldenEntry entry) => GoldenReport.Run("trainer", entry.Name, () =>
    {
        foreach (var file in entry.Json.GetProperty("files").EnumerateArray())
        {
            foreach (var model in GoldenRoot.Json(GoldenRoot.File("trainer", entry["folder"], file.GetString()!)).GetProperty("models").EnumerateArray()) Check(model);
        }
    });

    private static void Check(JsonElement model)
    {
        var expected = model.GetProperty("groups").EnumerateArray().Select(g => (Decay: g.GetProperty("weight_decay").GetDouble(), Names: Names(g.GetProperty("parameters")))).ToList();
        Assert.Equal(2, expected.Count);
        using var scope = NewDisposeScope();
        using var module = NamedModule.Of([.. expected.SelectMany(g => g.Names)], Names(model.GetProperty("frozen")));
        var groups = ParameterGroups.Create(module, 1e-3, expected[0].Decay);
        Assert.Equal(expected.Select(g => g.Decay), groups.Select(g => g.WeightDecay));
        for (var i = 0; i < groups.Count; i++) Assert.Equal(expected[i].Names.Order(StringComparer.Ordinal), groups[i].Parameters.Select(p => p.Name).Order(StringComparer.Ordinal));

        // Inside a group the model's order is kept.
        var order = ParameterGroups.Trainables(module).Select(p => p.Name).ToList();
        foreach (var group in groups) Assert.Equal(group.Parameters.Select(p => order.IndexOf(p.Name)).Order(), group.Parameters.Select(p => order.IndexOf(p.Name)));
    }

    private static List<string> Names(JsonElement names) => [.. names.EnumerateArray().Select(n => n.GetString()!)];

    private sealed class NamedModule() : nn.Module("named")
    {
        internal static NamedModule Of(IReadOnlyList<string> trained, IReadOnlyList<string> frozen)
        {
            var root = new NamedModule();
            foreach (var name in trained.Concat(frozen).Where(n => !IsLayerNorm(n))) root.Add(name.Split('.'), !frozen.Contains(name));
            foreach (var name in trained.Where(n => IsLayerNorm(n) && n.EndsWith(".weight", StringComparison.Ordinal))) root.register_module(name[..^".weight".Length], nn.LayerNorm(2));
            return root;
        }

        private static bool IsLayerNorm(string name) => name is [_, _, '_', '1', '.', ..] && name.StartsWith("ln", StringComparison.Ordinal);

        private void Add(ReadOnlySpan<string> path, bool trained)
        {
            if (path.Length == 1)
            {
                register_parameter(path[0], new TorchSharp.Modules.Parameter(zeros(2), trained));
                return;
            }
            var name = path[0];
            var child = named_children().FirstOrDefault(c => c.name == name).module as NamedModule;
            if (child is null) register_module(name, child = new NamedModule());
            child.Add(path[1..], trained);
        }
    }
}
