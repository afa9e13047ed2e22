namespace Socratic.Training.Quantization.Codec;

/// <summary>What a kernel needs to know to bring fp32 numbers to 8 bits or back: raw memory, all of it the caller's.</summary>
internal unsafe struct EightBitJob
{
    public float* Values;

    public long Count;

    public int BlockSize;

    /// <summary>One code a value.</summary>
    public byte* Codes;

    /// <summary>One scale a block.</summary>
    public float* Scales;

    /// <summary>The 256 values of the map.</summary>
    public float* Map;

    /// <summary>Finds the code of a value divided by its scale.</summary>
    public EightBitSearch Search;

    public readonly long Blocks => (Count + BlockSize - 1) / BlockSize;

    public readonly int Length(long block) => (int)Math.Min(BlockSize, Count - block * BlockSize);
}
