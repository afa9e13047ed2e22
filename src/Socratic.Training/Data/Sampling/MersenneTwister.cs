namespace Socratic.Training.Data.Sampling;

/// <summary>
/// MT19937 (Matsumoto and Nishimura, 1998) seeded by its <c>init_genrand</c>: the numbers of torch's CPU generator and of numpy's RandomState. Not for secrets.
/// </summary>
internal sealed class MersenneTwister
{
    private const int Size = 624;
    private const int Middle = 397;

    private readonly uint[] words = new uint[Size];
    private int next = Size;

    /// <summary>Seeds it; only the lower 32 bits of the seed count, as in torch.</summary>
    public MersenneTwister(long seed)
    {
        words[0] = (uint)seed;
        for (var i = 1; i < Size; i++) words[i] = 1812433253u * (words[i - 1] ^ (words[i - 1] >> 30)) + (uint)i;
    }

    /// <summary>The next 32 bits.</summary>
    public uint NextUInt32()
    {
        if (next == Size) Refill();
        var word = words[next++];
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c5680u;
        word ^= (word << 15) & 0xefc60000u;
        return word ^ (word >> 18);
    }

    /// <summary>What torch's int64 <c>random_()</c> draws: two outputs, the first one the upper half, without the sign.</summary>
    public long NextInt63()
    {
        var upper = (ulong)NextUInt32();
        return (long)((upper << 32 | NextUInt32()) & long.MaxValue);
    }

    /// <summary>torch's CPU <c>randperm</c>: 0 to <paramref name="count"/> - 1 shuffled from the front, the next output modulo the places that are left.</summary>
    public int[] Permutation(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var order = new int[count];
        for (var i = 0; i < count; i++) order[i] = i;
        for (var i = 0; i < count - 1; i++)
        {
            var other = i + (int)(NextUInt32() % (uint)(count - i));
            (order[i], order[other]) = (order[other], order[i]);
        }
        return order;
    }

    private void Refill()
    {
        var words = this.words;
        for (var i = 0; i < Size - Middle; i++) words[i] = Twist(words[i], words[i + 1], words[i + Middle]);
        for (var i = Size - Middle; i < Size - 1; i++) words[i] = Twist(words[i], words[i + 1], words[i + Middle - Size]);
        words[Size - 1] = Twist(words[Size - 1], words[0], words[Middle - 1]);
        next = 0;
    }

    private static uint Twist(uint upper, uint lower, uint far)
    {
        var mixed = (upper & 0x80000000u) | (lower & 0x7fffffffu);
        return far ^ (mixed >> 1) ^ ((mixed & 1) * 0x9908b0dfu);
    }
}
