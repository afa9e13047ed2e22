using System.Text;

namespace Socratic.Training.Tokenization;

/// <summary>Builds the changed form of an <see cref="AlignedText"/>.</summary>
internal sealed class AlignedTextBuilder(AlignedText source)
{
    private readonly StringBuilder text = new(source.Length + 8);
    private readonly List<int> starts = new(source.Length + 8);
    private readonly List<int> ends = new(source.Length + 8);

    /// <summary>Takes over a part of the source as it is.</summary>
    public void Copy(int start, int length)
    {
        text.Append(source.Text, start, length);
        for (var i = start; i < start + length; i++)
        {
            starts.Add(source.SourceStart(i));
            ends.Add(source.SourceEnd(i));
        }
    }

    /// <summary>Appends units that stand for the given part of the source, which is not empty.</summary>
    public void Append(ReadOnlySpan<char> units, int start, int length)
    {
        text.Append(units);
        for (var i = 0; i < units.Length; i++)
        {
            starts.Add(source.SourceStart(start));
            ends.Add(source.SourceEnd(start + length - 1));
        }
    }

    public AlignedText Build() => new(text.ToString(), [.. starts], [.. ends]);
}
