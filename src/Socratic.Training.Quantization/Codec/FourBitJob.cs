using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Codec;

/// <summary>What a kernel needs to know to bring weights to 4 bits or back: raw memory, all of it the caller's.</summary>
internal unsafe struct FourBitJob
{
    private const long ManyWeights = 8 << 20;

    /// <summary>The weights, read or written.</summary>
    public void* Weights;

    /// <summary>What the weights are: float32, bfloat16 or float16.</summary>
    public ScalarType Dtype;

    /// <summary>How many weights there are.</summary>
    public long Count;

    public QuantizationType Type;

    public int BlockSize;

    /// <summary>Two codes a byte, the first in the upper half: (count + 1) / 2 bytes.</summary>
    public byte* Packed;

    /// <summary>One scale a block; null when they are nested.</summary>
    public float* Scales;

    /// <summary>One code a block, of a scale less the offset; null when the scales are plain.</summary>
    public byte* NestedCodes;

    /// <summary>One scale for every 2^<see cref="NestedShift"/> scales.</summary>
    public float* NestedScales;

    /// <summary>The 256 values of the scales' codes.</summary>
    public float* NestedMap;

    public int NestedShift;

    public float NestedOffset;

    public VectorPath Path;

    /// <summary>Set by quantizing when a weight is infinite or not a number.</summary>
    public int SawNonFinite;

    public readonly long Blocks => (Count + BlockSize - 1) / BlockSize;

    /// <summary>The weights of a block: the last may be short.</summary>
    public readonly int Length(long block) => (int)Math.Min(BlockSize, Count - block * BlockSize);

    /// <summary>
    /// True if the weights are so many that they would push each other out of the caches: they are then written past these, which spares reading what is
    /// overwritten. It takes a buffer aligned to the vectors.
    /// </summary>
    public readonly bool Streams(int alignment) => Count >= ManyWeights && (nint)Weights % alignment == 0;

    /// <summary>The first weight of a block.</summary>
    public readonly T* Block<T>(long block) where T : unmanaged => (T*)Weights + block * BlockSize;

    /// <summary>The first byte of a block's codes.</summary>
    public readonly byte* PackedBlock(long block) => Packed + block * (BlockSize / 2);

    /// <summary>The scale of a block. Nested ones are rounded twice, after the product and after the sum.</summary>
    public readonly float Scale(long block)
        => NestedCodes == null ? Scales[block] : NestedMap[NestedCodes[block]] * NestedScales[block >> NestedShift] + NestedOffset;
}
