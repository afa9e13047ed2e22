using Socratic.Training.Data;

namespace Socratic.Training.Layers;

/// <summary>A layout as the numbers attention works with.</summary>
internal static class AttentionLayoutNumbers
{
    /// <summary>True if in every row the positions count 0, 1, 2, ...: one document at most, from the row's start.</summary>
    public static bool HasOneDocumentFromTheStart(this AttentionLayout layout)
    {
        for (var row = 0; row < layout.Rows; row++)
        {
            var documents = layout.Documents(row);
            if (documents.Count > 1 || (documents.Count == 1 && documents[0].Start != 0)) return false;
        }
        return true;
    }

    /// <summary>First position and length of each document, rows taken one after the other.</summary>
    public static IReadOnlyList<(int First, int Length)> FlatDocuments(this AttentionLayout layout)
    {
        var documents = new List<(int, int)>();
        for (var row = 0; row < layout.Rows; row++)
            foreach (var span in layout.Documents(row)) documents.Add((row * layout.Length + span.Start, span.Length));
        return documents;
    }

    /// <summary>
    /// Each position's place in its document, row by row from column <paramref name="first"/> on; padding counts on from the document before it, or is 0.
    /// </summary>
    public static long[] Positions(this AttentionLayout layout, int first = 0)
    {
        var width = layout.Length - first;
        var positions = new long[layout.Rows * width];
        for (var row = 0; row < layout.Rows; row++)
        {
            var documents = layout.Documents(row);
            for (var (column, next, start) = (0, 0, documents.Count == 0 ? 0 : -1); column < layout.Length; column++)
            {
                if (next < documents.Count && documents[next].Start == column) start = documents[next++].Start;
                if (column >= first) positions[row * width + column - first] = start < 0 ? 0 : column - start;
            }
        }
        return positions;
    }

    /// <summary>
    /// For each position, row by row, the number of the document it looks into as a query (padding: the document before it, or -1) and of the one it belongs to
    /// as a key (padding: -2).
    /// </summary>
    public static (int[] Queries, int[] Keys) DocumentNumbers(this AttentionLayout layout)
    {
        var queries = new int[layout.Rows * layout.Length];
        var keys = new int[queries.Length];
        for (var row = 0; row < layout.Rows; row++)
        {
            var documents = layout.Documents(row);
            for (var (column, current) = (0, -1); column < layout.Length; column++)
            {
                if (current + 1 < documents.Count && documents[current + 1].Start == column) current++;
                queries[row * layout.Length + column] = current;
                keys[row * layout.Length + column] = current >= 0 && column < documents[current].Start + documents[current].Length ? current : -2;
            }
        }
        return (queries, keys);
    }
}
