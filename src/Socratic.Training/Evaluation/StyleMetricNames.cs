namespace Socratic.Training.Evaluation;

/// <summary>The names of the style values, without an evaluation's prefix.</summary>
internal static class StyleMetricNames
{
    public const string StyleConsistency = "style_consistency";
    public const string DialogueFlow = "dialogue_flow";
    public const string CombinedScore = "combined_score";
    public const string QuestionWordShare = "question_word_share";
    public const string QuestionEndingShare = "question_ending_share";
}
