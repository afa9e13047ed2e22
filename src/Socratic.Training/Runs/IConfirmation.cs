namespace Socratic.Training.Runs;

/// <summary>Asks the person present, if there is one.</summary>
public interface IConfirmation
{
    /// <summary>False where nobody can answer: input redirected, a CI service, a hosted notebook.</summary>
    bool IsPersonPresent { get; }

    /// <summary>Asks; the answer as it was typed.</summary>
    string? Ask(string question);
}
