using Socratic.Training.Data.Reading;

namespace Socratic.Training.Data;

/// <summary>Turns rows of a data file into tokens and labels.</summary>
internal sealed class RowEncoder(TextTokenizer tokenizer, DialogueOptions options)
{
    private const int Ignore = (int)TokenBatch.IgnoreLabel;

    /// <summary>Encodes a row, whatever its length.</summary>
    /// <exception cref="ChatTemplateException">The conversation does not fit the chat template.</exception>
    public EncodedRow Encode(DataRow row)
    {
        if (row.Tokens is { } tokens) return EncodeTokens(tokens, row.Mask);
        if (row.Dialogue is { } dialogue) return EncodeDialogue(dialogue.Messages, row.PromptMessages);
        return row.Prompt is null ? EncodeText(row.Text!) : EncodeCompletion(row.Prompt, row.Text!);
    }

    private EncodedRow EncodeDialogue(IReadOnlyList<ChatMessage> messages, int promptMessages)
    {
        var (folded, removed) = Fold(messages);
        var chat = tokenizer.EncodeChat(folded);
        var last = folded.Count - 1;
        var labels = new int[chat.Ids.Length];
        for (var i = 0; i < labels.Length; i++) labels[i] = Learned(chat.LearnedFor[i]) ? chat.Ids[i] : Ignore;
        List<int> ends = [];
        for (var m = 0; m < folded.Count; m++) if (folded[m].Role == ChatMessage.AssistantRole) ends.Add(chat.TurnEnds[m]);
        return new EncodedRow(chat.Ids, labels, ends);

        bool Learned(int message)
        {
            if (message >= 0 && !folded[message].Train) return false;
            return options.LossOn switch
            {
                LossOn.AllTokens => true,
                LossOn.LastModelTurn => message == last,
                _ => message >= 0 && message + removed >= promptMessages,
            };
        }
    }

    /// <summary>The messages with a system message folded into the first user message where that is wanted, and how many messages are gone.</summary>
    private (IReadOnlyList<ChatMessage> Messages, int Removed) Fold(IReadOnlyList<ChatMessage> messages)
    {
        if (messages[0].Role != ChatMessage.SystemRole || tokenizer.ChatTemplate.SupportsSystem) return (messages, 0);
        if (options.SystemMessage == SystemMessageHandling.Error)
            throw new ChatTemplateException($"the chat format {tokenizer.ChatTemplate.Name} has no place for a system message; set SystemMessage to FoldIntoFirstUser to put it before the first user message.");
        if (messages.Count < 2 || messages[1].Role != ChatMessage.UserRole) throw new ChatTemplateException("a system message without a user message after it cannot be folded.");
        return ([messages[1] with { Content = $"{messages[0].Content}\n\n{messages[1].Content}" }, .. messages.Skip(2)], 1);
    }

    private EncodedRow EncodeTokens(TokenRow tokens, IReadOnlyList<bool>? mask)
    {
        foreach (var id in tokens.Ids)
            if (id < 0 || id >= tokenizer.VocabularySize) throw new ChatTemplateException($"the id {id} is not in the tokenizer's vocabulary of {tokenizer.VocabularySize}.");
        var labels = tokens.Labels.ToArray();
        for (var i = 0; i < labels.Length; i++)
            if (options.LossOn != LossOn.AllTokens && mask is not null && !mask[i]) labels[i] = Ignore;
        return new EncodedRow([.. tokens.Ids], labels, []);
    }

    private EncodedRow EncodeText(string text)
    {
        if (options.LossOn != LossOn.AllTokens) throw new ChatTemplateException($"the row is plain text, which has no turns of a model to learn ({options.LossOn}); set LossOn to AllTokens to learn it all.");
        int[] ids = [.. tokenizer.Pipeline.Prefix, .. tokenizer.EncodeContent(WithoutEnd(text)), .. End()];
        return new EncodedRow(ids, ids, []);
    }

    /// <summary>The completion begins where the tokens of prompt and of both together first differ: tokens may join across the border.</summary>
    private EncodedRow EncodeCompletion(string prompt, string completion)
    {
        int[] ids = [.. tokenizer.Pipeline.Prefix, .. tokenizer.EncodeContent(WithoutEnd(prompt + completion)), .. End()];
        int[] before = [.. tokenizer.Pipeline.Prefix, .. tokenizer.EncodeContent(prompt)];
        var start = options.LossOn == LossOn.AllTokens ? 0 : ids.AsSpan().CommonPrefixLength(before);
        var labels = ids.ToArray();
        labels.AsSpan(0, start).Fill(Ignore);
        return new EncodedRow(ids, labels, []);
    }

    /// <summary>A text that ends with the mark of its end has it only once.</summary>
    private string WithoutEnd(string text) => tokenizer.EosId is { } eos && text.EndsWith(tokenizer.PieceOf(eos), StringComparison.Ordinal) ? text[..^tokenizer.PieceOf(eos).Length] : text;

    private int[] End() => tokenizer.EosId is { } eos ? [eos] : [];
}
