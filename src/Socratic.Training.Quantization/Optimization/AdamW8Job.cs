using Socratic.Training.Quantization.Codec;
using Socratic.Training.Quantization.Kernels;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Optimization;

/// <summary>One update of one parameter: raw memory, all of it the caller's.</summary>
internal unsafe struct AdamW8Job
{
    /// <summary>Values that share a scale.</summary>
    public const int BlockSize = 256;

    public void* Parameter;

    public void* Gradient;

    public ScalarType Dtype;

    public long Count;

    /// <summary>The moments: one byte each with scales, else float32.</summary>
    public void* State1;

    public void* State2;

    /// <summary>One scale a block of the first moment; null when the moments are float32.</summary>
    public float* Absmax1;

    public float* Absmax2;

    public float* Map1;

    public float* Map2;

    public EightBitSearch Search1;

    public EightBitSearch Search2;

    public AdamW8Step Step;

    /// <summary>1 - beta1.</summary>
    public float Rest1;

    /// <summary>1 - beta2.</summary>
    public float Rest2;

    /// <summary>What every gradient is multiplied by first.</summary>
    public float Scale;

    public readonly bool Is8Bit => Absmax1 != null;

    public readonly long Blocks => (Count + BlockSize - 1) / BlockSize;

    public readonly int Length(long block) => (int)Math.Min(BlockSize, Count - block * BlockSize);
}
