namespace Socratic.Training.Tokenization.PreTokenizers;

/// <summary>One pre-tokenizer after the other, each on the words of the one before.</summary>
internal sealed class SequencePreTokenizer(IReadOnlyList<IPreTokenizer> parts) : IPreTokenizer
{
    public IEnumerable<AlignedText> Split(AlignedText text) => parts.Aggregate((IEnumerable<AlignedText>)[text], (words, part) => words.SelectMany(part.Split));
}
