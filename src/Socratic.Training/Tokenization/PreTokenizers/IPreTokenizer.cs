namespace Socratic.Training.Tokenization.PreTokenizers;

/// <summary>Cuts a normalized text into the words that are encoded one by one.</summary>
internal interface IPreTokenizer
{
    IEnumerable<AlignedText> Split(AlignedText text);
}
