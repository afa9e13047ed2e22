namespace Socratic.Training.Tokenization.Decoders;

/// <summary>One step from pieces to text; the text is what the last step leaves, joined.</summary>
internal interface IDecoder
{
    List<string> Decode(List<string> pieces);
}
