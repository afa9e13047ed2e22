namespace Socratic.Training;

/// <summary>The outcome of an evaluation.</summary>
public sealed class EvaluationResult
{
    private readonly List<KeyValuePair<string, double>> values;

    /// <summary>Collects an evaluation's values.</summary>
    /// <param name="prefix">What stands before each name, such as <c>eval</c>.</param>
    /// <param name="loss">Each batch's mean loss, weighted by its rows: what transformers reports.</param>
    /// <param name="rows">The rows evaluated.</param>
    /// <param name="runtime">The time it took.</param>
    /// <param name="metrics">Further values; a name that lacks the prefix gets it.</param>
    public EvaluationResult(string prefix, double loss, int rows, TimeSpan runtime, IEnumerable<KeyValuePair<string, double>> metrics)
    {
        Prefix = prefix;
        Loss = loss;
        Rows = rows;
        Runtime = runtime;
        values = [new($"{prefix}_loss", loss)];
        foreach (var (name, value) in metrics) values.Add(new(name.StartsWith(prefix + "_", StringComparison.Ordinal) ? name : $"{prefix}_{name}", value));
    }

    /// <summary>What stands before each name.</summary>
    public string Prefix { get; }

    /// <summary>Each batch's mean loss, weighted by its rows.</summary>
    public double Loss { get; }

    /// <summary>The rows evaluated.</summary>
    public int Rows { get; }

    /// <summary>The time it took.</summary>
    public TimeSpan Runtime { get; }

    /// <summary>Every value under its prefixed name, in order.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> Values => values;

    /// <summary>The value under its prefixed name.</summary>
    /// <exception cref="KeyNotFoundException">There is no such value; the message lists those there are.</exception>
    public double this[string name] => TryGet(name, out var value)
        ? value
        : throw new KeyNotFoundException($"The evaluation gave no value '{name}'. It gave: {string.Join(", ", values.Select(v => v.Key))}.");

    /// <summary>Looks a value up under its prefixed name.</summary>
    public bool TryGet(string name, out double value)
    {
        foreach (var pair in values)
        {
            if (pair.Key != name) continue;
            value = pair.Value;
            return true;
        }
        value = double.NaN;
        return false;
    }
}
