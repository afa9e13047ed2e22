using Socratic.Training.Data;
using static TorchSharp.torch;

namespace Socratic.Training.Evaluation;

/// <summary>
/// Scores what a language model says in its turns: the teacher-forced argmax ids of each contiguous run of targets are decoded to one text, and the texts are scored
/// against a <see cref="StyleProfile"/>. Gives <c>style_consistency</c>, <c>dialogue_flow</c>, <c>combined_score</c> (0.6 style + 0.4 flow of the means),
/// <c>question_word_share</c> (texts holding a question word / texts) and <c>question_ending_share</c> (sentences ending in an asking ending / sentences).
/// All are NaN where nothing was evaluated.
/// </summary>
public sealed class StyleMetrics : IMetrics<TokenBatch>
{
    private readonly StyleProfile profile;
    private readonly Func<IReadOnlyList<int>, string> decode;
    private readonly HashSet<int> dropped;
    private StyleTally tally;

    /// <summary>Scores against a profile.</summary>
    /// <param name="profile">What is asked of the texts.</param>
    /// <param name="decode">Turns the ids of one turn into text.</param>
    /// <param name="dropped">Ids that are no part of a text, such as the end of a turn.</param>
    /// <exception cref="InvalidDataException">The profile is not valid.</exception>
    public StyleMetrics(StyleProfile profile, Func<IReadOnlyList<int>, string> decode, IEnumerable<int>? dropped = null)
    {
        profile.Validate();
        this.profile = profile;
        this.decode = decode;
        this.dropped = [.. dropped ?? []];
        tally = new StyleTally(profile);
    }

    /// <summary>Scores what a model with this tokenizer says. Control tokens, the end of a turn among them, are no part of a text.</summary>
    /// <param name="profile">What is asked of the texts.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="InvalidDataException">The profile is not valid.</exception>
    public StyleMetrics(StyleProfile profile, TextTokenizer tokenizer)
        : this(profile, ids => tokenizer.Decode(ids.Where(id => IsText(tokenizer, id)), skipSpecial: true))
    {
    }

    /// <inheritdoc/>
    public void Reset() => tally = new StyleTally(profile);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There are no predictions, or they have another shape than the batch.</exception>
    public void Add(TokenBatch batch, in StepOutput output)
    {
        if (output.Predictions is not { } predictions)
            throw new ArgumentException("StyleMetrics needs predictions: EvaluationStep returned none. Return the argmax ids, or train with metrics of your own.", nameof(output));
        if (predictions.shape is not [var rows, var length] || rows != batch.Attention.Rows || length != batch.Length)
            throw new ArgumentException($"Predictions are [{string.Join(", ", predictions.shape)}], expected [{batch.Attention.Rows}, {batch.Length}].", nameof(output));
        using var scope = NewDisposeScope();
        var ids = predictions.to(ScalarType.Int64).cpu().contiguous().data<long>().ToArray();
        for (var row = 0; row < rows; row++)
            foreach (var turn in PredictedTurns.Of(ids.AsSpan(row * (int)length, (int)length), batch.Attention.Documents(row)))
                tally.Add(decode(turn.FindAll(id => !dropped.Contains(id))));
    }

    /// <inheritdoc/>
    public IReadOnlyList<KeyValuePair<string, double>> Compute() => tally.Values();

    // An embedding may have more rows than the tokenizer has pieces, and an untrained model may say such a row.
    private static bool IsText(TextTokenizer tokenizer, int id)
        => id < tokenizer.VocabularySize && !tokenizer.IsControl(id) && !(tokenizer.HasChatTemplate && tokenizer.PieceOf(id) == tokenizer.ChatTemplate.EndOfTurn);
}
