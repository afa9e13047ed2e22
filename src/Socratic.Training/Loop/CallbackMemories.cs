using System.Text.Json.Nodes;

namespace Socratic.Training.Loop;

/// <summary>The memories of stateful callbacks, under their type's name; several of one type get a number.</summary>
internal static class CallbackMemories
{
    internal static Dictionary<string, JsonObject> Capture(IReadOnlyList<ICallback> callbacks) => Named(callbacks).ToDictionary(c => c.Name, c => c.Callback.SaveState(), StringComparer.Ordinal);

    internal static void Restore(IReadOnlyList<ICallback> callbacks, IReadOnlyDictionary<string, JsonObject> memories)
    {
        foreach (var (name, callback) in Named(callbacks))
            if (memories.TryGetValue(name, out var memory)) callback.LoadState(memory);
    }

    private static IEnumerable<(string Name, IStatefulCallback Callback)> Named(IReadOnlyList<ICallback> callbacks)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var callback in callbacks.OfType<IStatefulCallback>())
        {
            var name = callback.GetType().Name;
            var number = counts[name] = counts.GetValueOrDefault(name) + 1;
            yield return (number == 1 ? name : $"{name}-{number}", callback);
        }
    }
}
