using System.Collections;
using System.Runtime.CompilerServices;

namespace Socratic.Training.Lora;

/// <summary>
/// Rows of an embedding that are trained while the others stay frozen (PEFT's <c>trainable_token_indices</c>): a list of token ids for the input
/// embedding, or a list for each named module. A collection expression of ids converts to it.
/// </summary>
[CollectionBuilder(typeof(TrainableTokens), nameof(Create))]
public sealed class TrainableTokens : IEnumerable<long>
{
    private TrainableTokens(IReadOnlyList<long>? inputEmbedding, IReadOnlyDictionary<string, IReadOnlyList<long>> modules)
    {
        InputEmbedding = inputEmbedding;
        Modules = modules;
    }

    /// <summary>The ids for the input embedding, whatever its name, or null if modules are named.</summary>
    public IReadOnlyList<long>? InputEmbedding { get; }

    /// <summary>The ids for each named module (matched like a target); empty if <see cref="InputEmbedding"/> is set.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<long>> Modules { get; }

    /// <summary>Ids for the input embedding.</summary>
    public static TrainableTokens Create(ReadOnlySpan<long> ids) => new(ids.ToArray(), new Dictionary<string, IReadOnlyList<long>>());

    /// <summary>Ids for each named module.</summary>
    public static TrainableTokens ForModules(IReadOnlyDictionary<string, IReadOnlyList<long>> modules)
    {
        ArgumentNullException.ThrowIfNull(modules);
        return new(null, modules);
    }

    /// <inheritdoc/>
    public IEnumerator<long> GetEnumerator() => (InputEmbedding ?? [.. Modules.Values.SelectMany(ids => ids)]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
