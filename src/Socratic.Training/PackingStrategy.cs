namespace Socratic.Training;

/// <summary>How rows are put together into packs; the names and results are those of TRL's <c>pack_dataset</c>.</summary>
public enum PackingStrategy
{
    /// <summary>Best fit decreasing; what is longer than a pack is cut off. TRL: <c>bfd</c>.</summary>
    BestFit,

    /// <summary>Best fit decreasing; what is longer than a pack is first split into several documents. TRL: <c>bfd_split</c>.</summary>
    BestFitSplit,

    /// <summary>One long stream of tokens, cut every so many: rows of one pack attend to each other. TRL: <c>wrapped</c>.</summary>
    Wrapped,
}
