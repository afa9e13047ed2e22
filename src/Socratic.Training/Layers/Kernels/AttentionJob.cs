using Socratic.Training.Native;

namespace Socratic.Training.Layers.Kernels;

/// <summary>
/// One call of the attention kernels, as plain memory: tokens stand row by row, each with its heads one after the other; a document is a run of tokens.
/// Turned queries and keys are kept by document and head, [length, d] each. A unit of work is one key head of one document.
/// </summary>
internal unsafe struct AttentionJob
{
    /// <summary>Queries a block: scores of a block and its keys are all that exists at a time.</summary>
    public const int BlockRows = 64;

    public int Heads;
    public int Shared;
    public int Size;
    public int Window;
    public float Scale;

    /// <summary>The soft cap, or 0 for none.</summary>
    public float Cap;

    /// <summary>For each document its first token, its length, and the lengths of those before it.</summary>
    public (int First, int Length, int Before)* Documents;

    /// <summary>cos and sin of the angles, [positions, d].</summary>
    public float* Cos;
    public float* Sin;

    public float* Queries;
    public float* Keys;
    public float* Values;
    public float* Output;

    public float* TurnedQueries;
    public float* TurnedKeys;

    /// <summary>The logarithm of each query's sum, [heads, length] a document.</summary>
    public float* LogSums;

    /// <summary>Gradients; null where none is wanted, but of <see cref="GradOutput"/>.</summary>
    public float* GradOutput;
    public float* GradQueries;
    public float* GradKeys;
    public float* GradValues;

    public readonly int Group => Heads / Shared;

    public readonly int QueryStride => Heads * Size;

    public readonly int KeyStride => Shared * Size;

    public readonly float* TurnedQuery(int document, int head)
        => TurnedQueries + (long)Documents[document].Before * QueryStride + (long)head * Documents[document].Length * Size;

    public readonly float* TurnedKey(int document, int shared)
        => TurnedKeys + (long)Documents[document].Before * KeyStride + (long)shared * Documents[document].Length * Size;

    public readonly float* LogSum(int document, int head) => LogSums + (long)Documents[document].Before * Heads + (long)head * Documents[document].Length;

    /// <summary>The first key that a query sees.</summary>
    public readonly int FirstKey(int query) => Math.Max(0, query - Window + 1);

    /// <summary>scale Q K^T of queries [start, end) and keys [firstKey, end).</summary>
    public readonly void Scores(float* queries, float* keys, int start, int end, int firstKey, float* scores, int stride)
        => Blas.Multiply(
            end - start, end - firstKey, Size, Scale, new(queries + (long)start * Size, Size), new(keys + (long)firstKey * Size, Size, true),
            0, new(scores, stride));
}
