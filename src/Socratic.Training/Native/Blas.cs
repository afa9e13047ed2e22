using System.Numerics;
using System.Runtime.InteropServices;

namespace Socratic.Training.Native;

/// <summary>Small matrix products on raw memory: libtorch's own sgemm where its library shows it (on Linux it does), else a plain vector loop.</summary>
internal static unsafe partial class Blas
{
    /// <summary>True where libtorch's own product is used.</summary>
    internal static readonly bool HasSgemm =
        NativeLibrary.TryLoad("torch_cpu", typeof(TorchSharp.torch).Assembly, null, out var library) && NativeLibrary.TryGetExport(library, "sgemm_", out _);

    /// <summary>C = factor op(A) op(B) + keep C, all row by row; op(A) is [m, k], op(B) is [k, n].</summary>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="k">The inner size.</param>
    /// <param name="factor">What the product is multiplied by.</param>
    /// <param name="a">A; stored [k, m] if <paramref name="a"/> is transposed.</param>
    /// <param name="b">B; stored [n, k] if <paramref name="b"/> is transposed.</param>
    /// <param name="keep">0 overwrites C, 1 adds to it.</param>
    /// <param name="c">C.</param>
    public static void Multiply(int m, int n, int k, float factor, in Matrix a, in Matrix b, float keep, in Matrix c)
    {
        if (HasSgemm) Sgemm(m, n, k, factor, a, b, keep, c);
        else PlainMultiply(m, n, k, factor, a, b, keep, c);
    }

    /// <summary>The same without libtorch.</summary>
    internal static void PlainMultiply(int m, int n, int k, float factor, in Matrix a, in Matrix b, float keep, in Matrix c)
    {
        for (var i = 0; i < m; i++)
        {
            var row = new Span<float>(c.Pointer + (long)i * c.Stride, n);
            if (keep == 0) row.Clear();
            for (var p = 0; p < k; p++)
            {
                var left = factor * (a.IsTransposed ? a.Pointer[(long)p * a.Stride + i] : a.Pointer[(long)i * a.Stride + p]);
                if (b.IsTransposed)
                    for (var j = 0; j < n; j++) row[j] += left * b.Pointer[(long)j * b.Stride + p];
                else AddTimes(row, left, b.Pointer + (long)p * b.Stride);
            }
        }
    }

    private static void AddTimes(Span<float> row, float factor, float* values)
    {
        var width = Vector<float>.Count;
        var factors = new Vector<float>(factor);
        fixed (float* target = row)
        {
            var j = 0;
            for (; j <= row.Length - width; j += width)
                Vector.Store(Vector.FusedMultiplyAdd(factors, Vector.Load(values + j), Vector.Load(target + j)), target + j);
            for (; j < row.Length; j++) target[j] += factor * values[j];
        }
    }

    /// <summary>Columns first is sgemm's order: the transposed product is computed, with the factors exchanged.</summary>
    private static void Sgemm(int m, int n, int k, float factor, in Matrix a, in Matrix b, float keep, in Matrix c)
    {
        var (opA, opB) = (a.IsTransposed ? (byte)'T' : (byte)'N', b.IsTransposed ? (byte)'T' : (byte)'N');
        var (strideA, strideB, strideC) = (a.Stride, b.Stride, c.Stride);
        Sgemm(&opB, &opA, &n, &m, &k, &factor, b.Pointer, &strideB, a.Pointer, &strideA, &keep, c.Pointer, &strideC);
    }

    [LibraryImport("torch_cpu", EntryPoint = "sgemm_")]
    private static partial void Sgemm(
        byte* opA, byte* opB, int* m, int* n, int* k, float* factor, float* a, int* strideA, float* b, int* strideB, float* keep, float* c, int* strideC);

    /// <summary>A matrix in memory, row by row, <paramref name="Stride"/> elements from one row to the next.</summary>
    internal readonly record struct Matrix(IntPtr Address, int Stride, bool IsTransposed = false)
    {
        public Matrix(float* pointer, int stride, bool isTransposed = false)
            : this((IntPtr)pointer, stride, isTransposed)
        {
        }

        public float* Pointer => (float*)Address;
    }
}
