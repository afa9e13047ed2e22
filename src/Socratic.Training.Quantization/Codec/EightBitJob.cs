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

    /// <summary><see cref="DynamicMap.Thresholds"/>.</summary>
    public float* Thresholds;

    /// <summary><see cref="DynamicMap.Starts"/>.</summary>
    public byte* Starts;

    /// <summary><see cref="DynamicMap.Steps"/>.</summary>
    public int Steps;

    public readonly long Blocks => (Count + BlockSize - 1) / BlockSize;

    public readonly int Length(long block) => (int)Math.Min(BlockSize, Count - block * BlockSize);
}
