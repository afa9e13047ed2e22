using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Socratic.Training.Native;

namespace Socratic.Training.Layers.Kernels;

/// <summary>
/// Attention within documents, float32 on the processor, block of queries by block of queries: scores exist for one block only, forward and backward,
/// and keys after the queries or before their window are never touched.
/// </summary>
internal static unsafe class AttentionKernel
{
    /// <summary>Forward for units [begin, end).</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static void Forward(long begin, long end, void* context)
    {
        ref readonly var job = ref *(AttentionJob*)context;
        for (var unit = begin; unit < end; unit++) Forward(job, (int)(unit / job.Shared), (int)(unit % job.Shared));
    }

    /// <summary>Backward for units [begin, end).</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static void Backward(long begin, long end, void* context)
    {
        ref readonly var job = ref *(AttentionJob*)context;
        for (var unit = begin; unit < end; unit++) Backward(job, (int)(unit / job.Shared), (int)(unit % job.Shared));
    }

    private static void Forward(in AttentionJob job, int document, int shared)
    {
        var (first, length, _) = job.Documents[document];
        var (size, keyStride, queryStride) = (job.Size, job.KeyStride, job.QueryStride);
        var keys = job.TurnedKey(document, shared);
        Rotation.Turn(job.Keys + (long)first * keyStride + shared * size, keyStride, keys, size, job.Cos, job.Sin, length, size, 1);
        var values = job.Values + (long)first * keyStride + shared * size;
        var scores = Scratch.Take((long)AttentionJob.BlockRows * length);
        for (var head = shared * job.Group; head < (shared + 1) * job.Group; head++)
        {
            var queries = job.TurnedQuery(document, head);
            Rotation.Turn(job.Queries + (long)first * queryStride + head * size, queryStride, queries, size, job.Cos, job.Sin, length, size, 1);
            var logSums = job.LogSum(document, head);
            for (var start = 0; start < length; start += AttentionJob.BlockRows)
            {
                var end = Math.Min(length, start + AttentionJob.BlockRows);
                var firstKey = job.FirstKey(start);
                var count = end - firstKey;
                job.Scores(queries, keys, start, end, firstKey, scores, count);
                for (var query = start; query < end; query++)
                {
                    var row = scores + (long)(query - start) * count;
                    logSums[query] = SoftmaxRows.Forward(row, job.FirstKey(query) - firstKey, query + 1 - firstKey, count, job.Cap);
                }
                Blas.Multiply(
                    end - start, size, count, 1, new(scores, count), new(values + (long)firstKey * keyStride, keyStride),
                    0, new(job.Output + (long)(first + start) * queryStride + head * size, queryStride));
            }
        }
    }

    private static void Backward(in AttentionJob job, int document, int shared)
    {
        var length = job.Documents[document].Length;
        var (block, whole) = ((long)AttentionJob.BlockRows * length, (long)length * job.Size);
        var work = new Work(Scratch.Take(3 * block + 2 * whole + AttentionJob.BlockRows * job.Size), block, whole);
        new Span<float>(work.GradKeys, (int)whole).Clear();
        new Span<float>(work.GradValues, (int)whole).Clear();
        for (var head = shared * job.Group; head < (shared + 1) * job.Group; head++)
            for (var start = 0; start < length; start += AttentionJob.BlockRows)
                Block(job, work, document, shared, head, start, Math.Min(length, start + AttentionJob.BlockRows));
        Give(job, work, document, shared);
    }

    private static void Block(in AttentionJob job, in Work work, int document, int shared, int head, int start, int end)
    {
        var first = job.Documents[document].First;
        var (size, keyStride, queryStride, rows) = (job.Size, job.KeyStride, job.QueryStride, end - start);
        var firstKey = job.FirstKey(start);
        var count = end - firstKey;
        var queries = job.TurnedQuery(document, head);
        var keys = job.TurnedKey(document, shared);
        var logSums = job.LogSum(document, head);
        var gradOutput = new Blas.Matrix(job.GradOutput + (long)(first + start) * queryStride + head * size, queryStride);
        job.Scores(queries, keys, start, end, firstKey, work.Shares, count);
        for (var query = start; query < end; query++)
        {
            var row = (long)(query - start) * count;
            SoftmaxRows.Again(work.Shares + row, work.Slopes + row, job.FirstKey(query) - firstKey, query + 1 - firstKey, count, job.Cap, logSums[query]);
        }
        if (job.GradValues is not null)
            Blas.Multiply(count, size, rows, 1, new(work.Shares, count, true), gradOutput, 1, new(work.GradValues + (long)firstKey * size, size));
        if (job.GradQueries is null && job.GradKeys is null) return;
        var values = job.Values + (long)(first + firstKey) * keyStride + shared * size;
        Blas.Multiply(rows, count, size, 1, gradOutput, new(values, keyStride, true), 0, new(work.GradScores, count));
        for (var row = 0L; row < rows; row++) SoftmaxRows.Backward(work.Shares + row * count, work.Slopes + row * count, work.GradScores + row * count, count);
        if (job.GradQueries is not null)
        {
            Blas.Multiply(rows, size, count, job.Scale, new(work.GradScores, count), new(keys + (long)firstKey * size, size), 0, new(work.GradBlock, size));
            var target = job.GradQueries + (long)(first + start) * queryStride + head * size;
            Rotation.Turn(work.GradBlock, size, target, queryStride, job.Cos + (long)start * size, job.Sin + (long)start * size, rows, size, -1);
        }
        if (job.GradKeys is not null)
        {
            Blas.Multiply(
                count, size, rows, job.Scale, new(work.GradScores, count, true), new(queries + (long)start * size, size),
                1, new(work.GradKeys + (long)firstKey * size, size));
        }
    }

    /// <summary>The sums over a key head's queries go to their tokens.</summary>
    private static void Give(in AttentionJob job, in Work work, int document, int shared)
    {
        var (first, length, _) = job.Documents[document];
        var (size, stride) = (job.Size, job.KeyStride);
        var at = (long)first * stride + shared * size;
        if (job.GradKeys is not null) Rotation.Turn(work.GradKeys, size, job.GradKeys + at, stride, job.Cos, job.Sin, length, size, -1);
        if (job.GradValues is null) return;
        for (var i = 0L; i < length; i++) new Span<float>(work.GradValues + i * size, size).CopyTo(new Span<float>(job.GradValues + at + i * stride, size));
    }

    /// <summary>Where a unit's backward works.</summary>
    private readonly struct Work(float* memory, long block, long whole)
    {
        public readonly float* Shares = memory;
        public readonly float* Slopes = memory + block;
        public readonly float* GradScores = memory + 2 * block;
        public readonly float* GradKeys = memory + 3 * block;
        public readonly float* GradValues = memory + 3 * block + whole;
        public readonly float* GradBlock = memory + 3 * block + 2 * whole;
    }
}
