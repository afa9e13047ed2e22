using System.Text.Json.Nodes;

namespace Socratic.Training.Data;

/// <summary>Rows that can be put together into batches. Implementations are read-only and safe to share.</summary>
/// <typeparam name="TBatch">The kind of batch.</typeparam>
public interface IDataset<out TBatch>
    where TBatch : IBatch
{
    /// <summary>The number of rows.</summary>
    int Count { get; }

    /// <summary>The length of a row, for grouping rows of like length: tokens, or 1 where rows have no length.</summary>
    int LengthOf(int row);

    /// <summary>Puts rows together into a new batch, which the caller owns. Called on the training thread.</summary>
    TBatch Collate(IReadOnlyList<int> rows);

    /// <summary>The row as text, for errors and logs; null if it has none.</summary>
    string? Describe(int row);

    /// <summary>The row as a conversation, to try a model on; null if it is none.</summary>
    Dialogue? DialogueOf(int row) => null;

    /// <summary>How the rows were made, for <c>data_args</c> of training_config.json; null if there is nothing to say.</summary>
    JsonObject? DescribeConfiguration() => null;

    /// <summary>A hash of the rows' content and order, by which a checkpoint knows its data again; null if there is none.</summary>
    string? Fingerprint => null;
}
