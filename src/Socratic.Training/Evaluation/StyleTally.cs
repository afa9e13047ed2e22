namespace Socratic.Training.Evaluation;

/// <summary>Scores texts one by one and gives their means. Nothing of a text is kept.</summary>
internal sealed class StyleTally(StyleProfile profile)
{
    private double style;
    private double flow;
    private long withQuestionWord;
    private long sentences;
    private long askingSentences;

    /// <summary>The texts so far.</summary>
    public long Texts { get; private set; }

    public void Add(string text)
    {
        var scores = profile.Score(text);
        Texts++;
        style += scores.StyleConsistency;
        flow += scores.DialogueFlow;
        if (Sentence.HoldsAny(text, profile.QuestionWords, profile)) withQuestionWord++;
        foreach (var sentence in Sentence.Split(text, profile))
        {
            if (sentence.IsBlank) continue;
            sentences++;
            if (sentence.EndsInAny(profile.AskingEndings, profile)) askingSentences++;
        }
    }

    /// <summary>The mean scores; NaN without texts.</summary>
    public StyleScores Mean => new(style / Texts, flow / Texts);

    /// <summary>Texts holding a question word / texts.</summary>
    public double QuestionWordShare => (double)withQuestionWord / Texts;

    /// <summary>Sentences ending in an asking ending / sentences that are not blank; 0 without such sentences.</summary>
    public double QuestionEndingShare => sentences == 0 ? (Texts == 0 ? double.NaN : 0) : (double)askingSentences / sentences;

    /// <summary>All values under their metric names, each behind <paramref name="prefix"/>.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> Values(string prefix = "") =>
    [
        new(prefix + StyleMetricNames.StyleConsistency, Mean.StyleConsistency),
        new(prefix + StyleMetricNames.DialogueFlow, Mean.DialogueFlow),
        new(prefix + StyleMetricNames.CombinedScore, Mean.Combined),
        new(prefix + StyleMetricNames.QuestionWordShare, QuestionWordShare),
        new(prefix + StyleMetricNames.QuestionEndingShare, QuestionEndingShare),
    ];
}
