namespace Socratic.Training.Evaluation;

/// <summary>The formulas of the scores: those of the notebook that the system is built after, over a profile's words.</summary>
internal static class StyleScorer
{
    public static StyleScores Score(StyleProfile profile, string text)
    {
        var every = Sentence.Split(text, profile);
        var said = every.FindAll(s => !s.IsBlank);
        return new StyleScores(Consistency(profile, said), Flow(profile, every, said));
    }

    private static double Consistency(StyleProfile profile, List<Sentence> said)
    {
        var ending = Share(said, s => s.Asked || EndsInStyle(s, profile));
        var auxiliary = Share(said, s => s.HoldsAny(profile.Auxiliaries, profile));
        return 0.5 * ending + 0.3 * auxiliary + 0.2 / (1 + LengthVariance(said) / profile.StyleVariance);
    }

    private static double Flow(StyleProfile profile, List<Sentence> every, List<Sentence> said)
    {
        var questions = Share(every, s => s.Asked || s.HoldsAny(profile.QuestionEndings, profile));
        var balance = Math.Max(0, 1 - 2 * Math.Min(Math.Abs(profile.QuestionShare - questions), 0.2));
        var linked = Share(every, s => s.HoldsAny(profile.Conjunctions, profile));
        var flow = 0.5 * balance + 0.25 / (1 + LengthVariance(said) / profile.FlowVariance) + 0.25 * Math.Min(1, 2 * linked);
        return Math.Clamp(flow, 0.1, 1);
    }

    private static bool EndsInStyle(Sentence sentence, StyleProfile profile)
    {
        var end = sentence.Last(profile.EndingWindow);
        return Sentence.HoldsAny(end, profile.QuestionEndings, profile) || Sentence.HoldsAny(end, profile.StatementEndings, profile)
            || Sentence.HoldsAny(end, profile.ReflectionEndings, profile);
    }

    private static double Share(List<Sentence> sentences, Func<Sentence, bool> holds) => sentences.Count == 0 ? 0 : (double)sentences.Count(holds) / sentences.Count;

    /// <summary>Population variance; 0 without sentences.</summary>
    private static double LengthVariance(List<Sentence> sentences)
    {
        if (sentences.Count == 0) return 0;
        var mean = sentences.Average(s => s.Length);
        return sentences.Average(s => (s.Length - mean) * (s.Length - mean));
    }
}
