namespace Socratic.Training.Tokenization.Readers;

/// <summary>The 256 pieces that stand for bytes where a character has no piece.</summary>
internal static class BytePieces
{
    /// <summary>The id of each byte's piece, <c>&lt;0xNN&gt;</c>; for ASCII the character itself will do (published Gemma files have a tab there).</summary>
    /// <exception cref="InvalidDataException">Some are missing.</exception>
    public static int[] Find(Dictionary<string, int> ids, string file)
    {
        var found = new int[256];
        for (var value = 0; value < 256; value++)
        {
            var name = $"<0x{value:X2}>";
            if (ids.TryGetValue(name, out found[value])) continue;
            if (value < 128 && ids.TryGetValue(((char)value).ToString(), out found[value])) continue;
            throw new InvalidDataException($"{file}: byte_fallback is on, but the byte piece {name} is missing.");
        }
        return found;
    }
}
