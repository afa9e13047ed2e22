using System.Text;
using Socratic.Training.Data.Chat;

namespace Socratic.Training.Tokenization;

/// <summary>
/// Encodes a rendered conversation: the template's control tokens as such, everything else without control tokens.
/// Neighbouring texts are encoded as one: a template's line break and a content that begins with one are one piece.
/// </summary>
internal static class ChatEncoder
{
    /// <summary>Encodes.</summary>
    /// <exception cref="ChatTemplateException">The tokenizer lacks a control token of the template.</exception>
    public static EncodedChat Encode(TokenizerPipeline pipeline, RenderedChat chat)
    {
        var tokens = new List<Token>();
        var text = new StringBuilder();
        var at = 0;
        foreach (var segment in chat.Segments)
        {
            if (segment.IsControl)
            {
                Flush(pipeline, text, at, tokens);
                if (!pipeline.Vocabulary.TryGetId(segment.Text, out var id)) throw new ChatTemplateException($"The tokenizer has no piece '{segment.Text}', which the chat template writes.");
                tokens.Add(new Token(id, at, at + segment.Text.Length));
            }
            else text.Append(segment.Text);
            at += segment.Text.Length;
        }
        Flush(pipeline, text, at, tokens);
        return new EncodedChat([.. tokens.Select(t => t.Id)], LearnedFor(tokens, chat), TurnEnds(tokens, chat));
    }

    private static void Flush(TokenizerPipeline pipeline, StringBuilder text, int end, List<Token> tokens)
    {
        if (text.Length == 0) return;
        tokens.AddRange(pipeline.Encode(text.ToString(), content: true, end - text.Length));
        text.Clear();
    }

    /// <summary>A token counts if it overlaps a learned character.</summary>
    internal static int[] LearnedFor(IReadOnlyList<Token> tokens, RenderedChat chat)
    {
        var learned = new int[tokens.Count];
        Array.Fill(learned, -1);
        var (start, first) = (0, 0);
        foreach (var segment in chat.Segments)
        {
            var end = start + segment.Text.Length;
            if (segment.Learned)
            {
                while (first < tokens.Count && tokens[first].End <= start) first++;
                for (var i = first; i < tokens.Count && tokens[i].Start < end; i++)
                    if (tokens[i].End > start && learned[i] < 0) learned[i] = segment.Message;
            }
            start = end;
        }
        return learned;
    }

    private static int[] TurnEnds(List<Token> tokens, RenderedChat chat)
    {
        var ends = new int[chat.MessageCount];
        var (at, count) = (0, 0);
        foreach (var segment in chat.Segments)
        {
            at += segment.Text.Length;
            if (segment.Message < 0) continue;
            while (count < tokens.Count && tokens[count].End <= at) count++;
            ends[segment.Message] = count;
        }
        return ends;
    }
}
