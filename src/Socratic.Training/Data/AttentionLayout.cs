namespace Socratic.Training.Data;

/// <summary>
/// How the positions of a batch are used, as plain numbers: for each row its documents, each a run of positions. Positions outside every document are padding.
/// A model turns it into an attention plan once a forward; no mask is built here.
/// </summary>
public sealed class AttentionLayout
{
    private readonly IReadOnlyList<IReadOnlyList<DocumentSpan>> documents;

    /// <summary>The layout of rows of <paramref name="length"/> positions whose documents are given in order.</summary>
    /// <exception cref="ArgumentException">Documents overlap or leave the row.</exception>
    public AttentionLayout(int length, IReadOnlyList<IReadOnlyList<DocumentSpan>> documents)
    {
        foreach (var row in documents)
        {
            var end = 0;
            foreach (var span in row)
            {
                if (span.Start < end || span.Length < 1 || span.Start + span.Length > length)
                    throw new ArgumentException($"Document {span.Start}+{span.Length} does not lie in a row of {length} positions after position {end}.", nameof(documents));
                end = span.Start + span.Length;
            }
        }
        Length = length;
        this.documents = documents;
    }

    /// <summary>Positions a row.</summary>
    public int Length { get; }

    /// <summary>The number of rows.</summary>
    public int Rows => documents.Count;

    /// <summary>The documents of a row, in order.</summary>
    public IReadOnlyList<DocumentSpan> Documents(int row) => documents[row];

    /// <summary>Tokens that are not padding.</summary>
    public int TokenCount => documents.Sum(row => row.Sum(d => d.Length));

    /// <summary>True if every row is one document over its whole length: nothing to mask but the future.</summary>
    public bool IsFull => documents.All(row => row.Count == 1 && row[0].Length == Length);

    /// <summary>Rows without padding.</summary>
    public static AttentionLayout Full(int rows, int length) => new(length, [.. Enumerable.Repeat<IReadOnlyList<DocumentSpan>>([new DocumentSpan(0, length)], rows)]);

    /// <summary>One document a row, padded on the right; a length of 0 is a row of padding.</summary>
    public static AttentionLayout PaddedRight(int length, IReadOnlyList<int> lengths) => new(length, [.. lengths.Select(n => (IReadOnlyList<DocumentSpan>)(n == 0 ? [] : [new DocumentSpan(0, n)]))]);

    /// <summary>One document a row, padded on the left.</summary>
    public static AttentionLayout PaddedLeft(int length, IReadOnlyList<int> lengths) => new(length, [.. lengths.Select(n => (IReadOnlyList<DocumentSpan>)(n == 0 ? [] : [new DocumentSpan(length - n, n)]))]);

    /// <summary>The layout of some of the rows.</summary>
    public AttentionLayout Slice(int start, int count) => new(Length, [.. documents.Skip(start).Take(count)]);
}

/// <summary>A run of positions that attend to each other only.</summary>
/// <param name="Start">The first position in the row.</param>
/// <param name="Length">The number of positions.</param>
public readonly record struct DocumentSpan(int Start, int Length);
