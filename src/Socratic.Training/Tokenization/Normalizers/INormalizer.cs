namespace Socratic.Training.Tokenization.Normalizers;

/// <summary>Changes a text before it is cut into words.</summary>
internal interface INormalizer
{
    AlignedText Normalize(AlignedText text);
}
