namespace Socratic.Training.Tokenization.Bpe;

/// <summary>The linked list of symbols and the queue of possible merges while one word is encoded; reused from word to word.</summary>
internal sealed class BpeWorkspace
{
    private readonly PriorityQueue<(int Left, int Right, int LeftLength, int RightLength, int Product), long> queue = new();
    private Symbol[] symbols = new Symbol[64];
    private int count;

    private struct Symbol
    {
        public int Id;
        public int Start;
        public int Length;
        public int Previous;
        public int Next;
    }

    public void Clear()
    {
        count = 0;
        queue.Clear();
    }

    /// <summary>Appends a character of the word; an id of -1 has no piece.</summary>
    public void Add(int id, int start, int length)
    {
        if (count == symbols.Length) Array.Resize(ref symbols, count * 2);
        symbols[count] = new Symbol { Id = id, Start = start, Length = length, Previous = count - 1, Next = count + 1 };
        count++;
    }

    /// <summary>Merges until nothing merges, in O(n log n).</summary>
    public void Merge(ReadOnlySpan<char> word, IMergeTable merges, Func<int, bool>? excluded)
    {
        for (var i = 0; i + 1 < count; i++) Offer(word, i, i + 1, merges, excluded);
        while (queue.TryDequeue(out var merge, out _))
        {
            ref var left = ref symbols[merge.Left];
            ref var right = ref symbols[merge.Right];
            // A symbol never moves and only grows or vanishes, so equal lengths mean that nothing changed since the offer.
            if (left.Length != merge.LeftLength || right.Length != merge.RightLength || left.Next != merge.Right) continue;
            left.Id = merge.Product;
            left.Length += right.Length;
            left.Next = right.Next;
            right.Length = 0;
            if (left.Next < count)
            {
                symbols[left.Next].Previous = merge.Left;
                Offer(word, merge.Left, left.Next, merges, excluded);
            }
            if (left.Previous >= 0) Offer(word, left.Previous, merge.Left, merges, excluded);
        }
    }

    /// <summary>What is left, in order.</summary>
    public IEnumerable<(int Id, int Start, int Length)> Symbols()
    {
        for (var i = 0; i < count; i = symbols[i].Next) yield return (symbols[i].Id, symbols[i].Start, symbols[i].Length);
    }

    private void Offer(ReadOnlySpan<char> word, int left, int right, IMergeTable merges, Func<int, bool>? excluded)
    {
        var (a, b) = (symbols[left], symbols[right]);
        if (!merges.TryMerge(a.Id, b.Id, word.Slice(a.Start, a.Length + b.Length), out var rank, out var product)) return;
        if (excluded is not null && excluded(product)) return;
        queue.Enqueue((left, right, a.Length, b.Length, product), ((long)rank << 32) | (uint)left);
    }
}
