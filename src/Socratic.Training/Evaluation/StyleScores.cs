namespace Socratic.Training;

/// <summary>How well texts keep a <see cref="StyleProfile"/>: of one text, or the means over several.</summary>
/// <param name="StyleConsistency">0 to 1: endings of the style, its auxiliaries, evenness of the sentences' lengths.</param>
/// <param name="DialogueFlow">0.1 to 1: as many questions as the profile wants, evenness, links between sentences.</param>
public readonly record struct StyleScores(double StyleConsistency, double DialogueFlow)
{
    /// <summary>0.6 x style consistency + 0.4 x dialogue flow.</summary>
    public double Combined => 0.6 * StyleConsistency + 0.4 * DialogueFlow;
}
