using static TorchSharp.torch;

namespace Socratic.Training.Loop;

/// <summary>
/// Names the hook or callback in which tensors were left behind. The first updates and evaluations may create what lives on (optimizer state, caches), so each place gets two free calls.
/// </summary>
internal sealed class TensorGuard(Action<string, long> report)
{
    private const int FreeCalls = 2;

    private readonly Dictionary<string, int> calls = new(StringComparer.Ordinal);
    private readonly HashSet<string> named = new(StringComparer.Ordinal);

    internal static long Count => Tensor.TotalCount;

    /// <summary>Says where the count grew, once a place.</summary>
    internal void Check(string place, long before)
    {
        var grown = Count - before;
        var call = calls[place] = calls.GetValueOrDefault(place) + 1;
        if (grown > 0 && call > FreeCalls && named.Add(place)) report(place, grown);
    }
}
