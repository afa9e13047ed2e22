namespace Socratic.Training.Data.Packing;

/// <summary>Decides which rows lie in which pack, as TRL's <c>pack_dataset</c> does: a thousand rows at a time, each thousand by itself.</summary>
internal static class Packer
{
    private const int SliceRows = 1000;

    /// <summary>The packs over rows of the given lengths; no pack is longer than <paramref name="capacity"/>. Empty rows vanish.</summary>
    public static List<PackPiece[]> Pack(IReadOnlyList<int> lengths, int capacity, PackingStrategy strategy)
    {
        var packs = new List<PackPiece[]>();
        for (var start = 0; start < lengths.Count; start += SliceRows)
        {
            var rows = Enumerable.Range(start, Math.Min(SliceRows, lengths.Count - start));
            packs.AddRange(strategy switch
            {
                PackingStrategy.BestFit => BestFit(rows.Select(r => new PackPiece(r, 0, Math.Min(lengths[r], capacity))), capacity),
                PackingStrategy.BestFitSplit => BestFit(rows.SelectMany(r => Parts(r, lengths[r], capacity)), capacity),
                PackingStrategy.Wrapped => Wrapped(rows.Select(r => new PackPiece(r, 0, lengths[r])), capacity),
                _ => throw new ArgumentOutOfRangeException(nameof(strategy), strategy, "Not a packing strategy."),
            });
        }
        return packs;
    }

    private static IEnumerable<PackPiece> Parts(int row, int length, int capacity)
    {
        for (var start = 0; start < length; start += capacity) yield return new PackPiece(row, start, Math.Min(capacity, length - start));
    }

    /// <summary>The longest first, each into the fullest pack with room; among equally full ones into that which became so first.</summary>
    private static IEnumerable<PackPiece[]> BestFit(IEnumerable<PackPiece> pieces, int capacity)
    {
        var packs = new List<List<PackPiece>>();
        var byRoom = new Dictionary<int, Queue<List<PackPiece>>>();
        var rooms = new SortedSet<int>();
        foreach (var piece in pieces.Where(p => p.Length > 0).OrderByDescending(p => p.Length))
        {
            var room = rooms.GetViewBetween(piece.Length, capacity).Min;
            var pack = room == 0 ? Opened(packs) : Taken(byRoom, rooms, room);
            pack.Add(piece);
            var left = (room == 0 ? capacity : room) - piece.Length;
            if (left == 0) continue;
            if (!byRoom.TryGetValue(left, out var waiting)) byRoom.Add(left, waiting = new Queue<List<PackPiece>>());
            waiting.Enqueue(pack);
            rooms.Add(left);
        }
        return packs.Select(p => p.ToArray());
    }

    private static List<PackPiece> Opened(List<List<PackPiece>> packs)
    {
        packs.Add([]);
        return packs[^1];
    }

    private static List<PackPiece> Taken(Dictionary<int, Queue<List<PackPiece>>> byRoom, SortedSet<int> rooms, int room)
    {
        var waiting = byRoom[room];
        var pack = waiting.Dequeue();
        if (waiting.Count == 0) rooms.Remove(room);
        return pack;
    }

    private static IEnumerable<PackPiece[]> Wrapped(IEnumerable<PackPiece> rows, int capacity)
    {
        var (pack, left) = (new List<PackPiece>(), capacity);
        foreach (var row in rows)
        {
            for (var start = 0; start < row.Length;)
            {
                var taken = Math.Min(left, row.Length - start);
                pack.Add(row with { Start = start, Length = taken });
                start += taken;
                left -= taken;
                if (left > 0) continue;
                yield return [.. pack];
                pack.Clear();
                left = capacity;
            }
        }
        if (pack.Count > 0) yield return [.. pack];
    }
}

/// <summary>A part of a row that lies in a pack.</summary>
/// <param name="Row">The row's number.</param>
/// <param name="Start">Its first token in the row.</param>
/// <param name="Length">Its tokens.</param>
internal readonly record struct PackPiece(int Row, int Start, int Length);
