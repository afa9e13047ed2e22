using System.Text;

namespace Socratic.Training;

/// <summary>Data that cannot be trained on: a broken file (with all its problems), no rows, or a split that leaves a part empty.</summary>
public sealed class DatasetException : Exception
{
    /// <summary>An error with a message.</summary>
    public DatasetException(string message)
        : base(message)
    {
    }

    /// <summary>An error with a message and its cause.</summary>
    public DatasetException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>An error without a message.</summary>
    public DatasetException()
    {
    }

    internal DatasetException(string what, IReadOnlyList<DataProblem> problems, int total, int shown)
        : base(Describe(what, problems, total, shown)) => Problems = problems;

    /// <summary>The problems of the file, in order; the first thousand if there are more.</summary>
    public IReadOnlyList<DataProblem> Problems { get; } = [];

    private static string Describe(string what, IReadOnlyList<DataProblem> problems, int total, int shown)
    {
        var text = new StringBuilder(what);
        foreach (var problem in problems.Take(shown)) text.Append('\n').Append(problem);
        if (total > shown) text.Append("\nand ").Append(total - shown).Append(" more");
        return text.ToString();
    }
}
