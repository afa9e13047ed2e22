namespace Socratic.Training.Tokenization.PreTokenizers;

/// <summary>The printable character that stands for each byte in byte-level vocabularies (GPT-2's table).</summary>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = Make();
    private static readonly Dictionary<char, byte> Values = Characters.Select((c, b) => (c, b)).ToDictionary(p => p.c, p => (byte)p.b);

    public static char CharacterOf(byte value) => Characters[value];

    public static bool TryGetByte(char character, out byte value) => Values.TryGetValue(character, out value);

    private static char[] Make()
    {
        var table = new char[256];
        var next = 256;
        for (var b = 0; b < 256; b++)
        {
            var printable = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            table[b] = printable ? (char)b : (char)next++;
        }
        return table;
    }
}
