namespace Socratic.Training.Data.Reading;

/// <summary>The problems of one file; the first thousand are kept, all are counted.</summary>
internal sealed class ProblemList(string file)
{
    private const int Limit = 1000;

    private readonly List<DataProblem> items = [];

    public string File { get; } = file;

    public IReadOnlyList<DataProblem> Items => items;

    public int Count { get; private set; }

    public void Add(int line, int row, string? field, string code, string message) => Add(new DataProblem(File, line, row, field, code, message));

    public void Add(DataProblem problem)
    {
        if (Count++ < Limit) items.Add(problem);
    }

    /// <summary>Throws if there is a problem.</summary>
    /// <exception cref="DatasetException">With all problems.</exception>
    public void ThrowIfAny(string what, int shown)
    {
        if (Count > 0) throw new DatasetException($"{File}: {Count} {(Count == 1 ? "problem" : "problems")}{what}", items, Count, shown);
    }
}
