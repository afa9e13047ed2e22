using System.Text;
using System.Text.Json.Nodes;
using Socratic.Training.Data;
using Socratic.Training.Data.Reading;
using Socratic.Training.Files;

namespace Socratic.Training;

/// <summary>Dialogues as rows of tokens. Read-only; safe to share.</summary>
public sealed class DialogueDataset : IDataset<TokenBatch>
{
    private readonly TextTokenizer tokenizer;
    private readonly IReadOnlyList<TokenRow> tokens;
    private readonly IReadOnlyList<DataRow> sources;
    private readonly Lazy<string> fingerprint;

    internal DialogueDataset(TextTokenizer tokenizer, DialogueOptions options, DatasetReport report, IReadOnlyList<DataRow> sources, IReadOnlyList<TokenRow> tokens)
    {
        this.tokenizer = tokenizer;
        this.sources = sources;
        this.tokens = tokens;
        Options = options;
        Report = report;
        Dialogues = [.. sources.Where(s => s.Dialogue is not null).Select(s => s.Dialogue!)];
        fingerprint = new Lazy<string>(() => TokenFingerprint.Of(tokens));
    }

    /// <summary>The options it was read with.</summary>
    public DialogueOptions Options { get; }

    /// <summary>What became of the file's rows; the same for the parts of a split.</summary>
    public DatasetReport Report { get; }

    /// <inheritdoc/>
    public int Count => tokens.Count;

    /// <summary>The dialogues, in order. Rows of plain text are not among them.</summary>
    public IReadOnlyList<Dialogue> Dialogues { get; }

    /// <inheritdoc/>
    public string? Fingerprint => fingerprint.Value;

    /// <summary>The tokens of a row.</summary>
    public TokenRow this[int row] => tokens[row];

    /// <summary>Reads the dialogues of a file (see <see cref="Dialogue.ReadFile"/>) as rows of tokens.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tokenizer">The model's tokenizer, with its chat template.</param>
    /// <param name="options">How rows are made; null for the defaults.</param>
    /// <exception cref="ArgumentException">The options are out of range; all problems are listed.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DatasetException">The file has problems, which are listed, or no row is left.</exception>
    public static DialogueDataset Read(string path, TextTokenizer tokenizer, DialogueOptions? options = null)
    {
        options = Checked(options);
        return DialogueDatasetBuilder.Build(path, DataFile.ReadValid(path, options.MaxProblems), tokenizer, options);
    }

    /// <summary>A row of a file as the model gets it: each token, whether it is trained and whether it is cut. The other rows are not encoded.</summary>
    /// <param name="path">The file.</param>
    /// <param name="row">The row, from 0, counted as in the file.</param>
    /// <param name="tokenizer">The model's tokenizer, with its chat template.</param>
    /// <param name="options">How rows are made; null for the defaults.</param>
    /// <exception cref="ArgumentException">The options are out of range.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DatasetException">The file has problems, which are listed, or no such row; or the row does not fit the chat template.</exception>
    public static RowInspection Inspect(string path, int row, TextTokenizer tokenizer, DialogueOptions? options = null)
    {
        options = Checked(options);
        var rows = DataFile.ReadValid(path, options.MaxProblems);
        if (row < 0 || row >= rows.Count) throw new DatasetException($"{path}: there is no row {row}; the file has the rows 0 to {rows.Count - 1}.");
        return DialogueDatasetBuilder.Inspect(path, rows[row], tokenizer, options);
    }

    /// <summary>Makes rows of tokens of given dialogues.</summary>
    /// <exception cref="ArgumentException">The options are out of range.</exception>
    /// <exception cref="DatasetException">A dialogue does not fit the chat template, or no row is left.</exception>
    public static DialogueDataset Create(IEnumerable<Dialogue> dialogues, TextTokenizer tokenizer, DialogueOptions? options = null)
    {
        var rows = dialogues.Select((d, i) => new DataRow(d.File, d.Line, i) { Dialogue = d }).ToList();
        return DialogueDatasetBuilder.Build("The dialogues", rows, tokenizer, Checked(options));
    }

    /// <inheritdoc/>
    public int LengthOf(int row) => tokens[row].Ids.Count;

    /// <inheritdoc/>
    public TokenBatch Collate(IReadOnlyList<int> rows) => TokenCollator.Collate(tokens, rows, PadId, Options.PadToMultipleOf);

    /// <summary>The dialogues put together into packs of at most <paramref name="length"/> tokens, without padding; none sees another.</summary>
    /// <example><c>var packed = train.Pack(2048);</c></example>
    public PackedRows Pack(int length, PackingStrategy strategy = PackingStrategy.BestFit) => new(tokens, length, strategy, PadId, Options.PadToMultipleOf, this);

    /// <inheritdoc/>
    public string? Describe(int row) => sources[row].Describe();

    /// <inheritdoc/>
    public Dialogue? DialogueOf(int row) => sources[row].Dialogue;

    /// <inheritdoc/>
    public JsonObject? DescribeConfiguration() => SettingsJson.ToObject(Options);

    /// <summary>A row as the model sees it: decoded, with the trained tokens between ⟦ and ⟧.</summary>
    public string Show(int row)
    {
        var (ids, labels) = tokens[row];
        var text = new StringBuilder();
        for (var start = 0; start < ids.Count;)
        {
            var trained = labels[start] != TokenBatch.IgnoreLabel;
            var end = start + 1;
            while (end < ids.Count && (labels[end] != TokenBatch.IgnoreLabel) == trained) end++;
            var part = tokenizer.Decode(ids.Skip(start).Take(end - start));
            text.Append(trained ? $"⟦{part}⟧" : part);
            start = end;
        }
        return text.ToString();
    }

    /// <summary>Two parts: a seeded choice of rows to train on, and the others. Both keep the rows' order.</summary>
    /// <param name="share">The share of the first part, between 0 and 1.</param>
    /// <param name="seed">Chooses the rows; the same seed chooses the same rows everywhere.</param>
    /// <exception cref="DatasetException">One part would be empty.</exception>
    public (DialogueDataset Train, DialogueDataset Evaluation) Split(double share, long seed)
    {
        var (train, evaluation) = DatasetExtensions.SplitRows(Count, share, seed);
        return (Select(train), Select(evaluation));
    }

    /// <summary>Two parts: all rows but the last ones, and the last ones.</summary>
    /// <exception cref="DatasetException">One part would be empty.</exception>
    public (DialogueDataset Train, DialogueDataset Evaluation) SplitLast(int count)
    {
        var (train, evaluation) = DatasetExtensions.SplitLastRows(Count, count);
        return (Select(train), Select(evaluation));
    }

    private int PadId => tokenizer.PadId ?? tokenizer.EosId ?? 0;

    private DialogueDataset Select(IReadOnlyList<int> rows) => new(tokenizer, Options, Report, [.. rows.Select(r => sources[r])], [.. rows.Select(r => tokens[r])]);

    private static DialogueOptions Checked(DialogueOptions? options)
    {
        options ??= new DialogueOptions();
        var problems = options.Validate();
        return problems.Count == 0 ? options : throw new ArgumentException(string.Join("\n", problems), nameof(options));
    }
}
