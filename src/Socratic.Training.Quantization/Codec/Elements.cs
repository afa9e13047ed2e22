namespace Socratic.Training.Quantization.Codec;

/// <summary>A floating-point number in memory: read exactly, written by one rounding to nearest even.</summary>
internal interface IElement<TSelf> where TSelf : unmanaged, IElement<TSelf>
{
    static abstract float Read(TSelf stored);

    static abstract TSelf Round(float value);
}

/// <summary>float32.</summary>
internal readonly struct Float32(float value) : IElement<Float32>
{
    private readonly float value = value;

    public static float Read(Float32 stored) => stored.value;

    public static Float32 Round(float value) => new(value);
}

/// <summary>float16.</summary>
internal readonly struct Float16(Half value) : IElement<Float16>
{
    private readonly Half value = value;

    public static float Read(Float16 stored) => (float)stored.value;

    public static Float16 Round(float value) => new((Half)value);
}

/// <summary>bfloat16: the upper half of a float32.</summary>
internal readonly struct BFloat16(ushort bits) : IElement<BFloat16>
{
    private const ushort NaN = 0x7FC0;

    private readonly ushort bits = bits;

    public static float Read(BFloat16 stored) => BitConverter.UInt32BitsToSingle((uint)stored.bits << 16);

    public static BFloat16 Round(float value)
    {
        // The rounding below would carry a NaN into the sign.
        if (float.IsNaN(value)) return new(NaN);
        var full = BitConverter.SingleToUInt32Bits(value);
        return new((ushort)((full + 0x7FFF + ((full >> 16) & 1)) >> 16));
    }
}
