using Socratic.Training.Data.Reading;

namespace Socratic.Training.Data;

/// <summary>Encodes all rows of a file and keeps count of what is skipped, cut and untrained.</summary>
internal sealed class DialogueDatasetBuilder
{
    private readonly DialogueOptions options;
    private readonly RowEncoder encoder;
    private readonly IReadOnlyList<string> markers;
    private readonly ProblemList problems;
    private readonly List<DataProblem> skipped = [];
    private readonly List<DataProblem> cut = [];
    private readonly List<DataProblem> untrained = [];
    private readonly List<DataProblem> warnings = [];

    private DialogueDatasetBuilder(string name, TextTokenizer tokenizer, DialogueOptions options)
    {
        this.options = options;
        encoder = new RowEncoder(tokenizer, options);
        markers = tokenizer.HasChatTemplate ? tokenizer.ChatTemplate.Markers : [];
        problems = new ProblemList(name);
    }

    /// <summary>Makes a dataset of rows.</summary>
    /// <exception cref="DatasetException">Rows do not fit the chat template, or are too long where that is an error; or none is left.</exception>
    public static DialogueDataset Build(string name, IReadOnlyList<DataRow> rows, TextTokenizer tokenizer, DialogueOptions options)
    {
        var builder = new DialogueDatasetBuilder(name, tokenizer, options);
        var (sources, tokens) = (new List<DataRow>(), new List<TokenRow>());
        foreach (var row in rows)
        {
            if (builder.Encode(row) is not { } encoded) continue;
            sources.Add(row);
            tokens.Add(encoded);
        }
        builder.problems.ThrowIfAny("", options.MaxProblems);
        var report = new DatasetReport { Read = rows.Count, Kept = tokens.Count, Skipped = builder.skipped, Cut = builder.cut, Untrained = builder.untrained, Warnings = builder.warnings };
        if (tokens.Count == 0) throw new DatasetException(rows.Count == 0 ? $"{name}: there are no rows." : $"{name}: no row is left to train on: {report}.");
        return new DialogueDataset(tokenizer, options, report, sources, tokens);
    }

    /// <summary>One row token by token, by the rules of <see cref="Build"/>.</summary>
    /// <exception cref="DatasetException">The row does not fit the chat template, or is too long where that is an error.</exception>
    public static RowInspection Inspect(string name, DataRow row, TextTokenizer tokenizer, DialogueOptions options)
    {
        var builder = new DialogueDatasetBuilder(name, tokenizer, options);
        var kept = builder.Encode(row);
        builder.problems.ThrowIfAny("", options.MaxProblems);
        var encoded = builder.encoder.Encode(row);
        var length = kept?.Ids.Count ?? 0;
        return new RowInspection
        {
            File = row.File, Line = row.Line, Row = row.Row, IsKept = kept is not null,
            Notes = [.. builder.skipped, .. builder.cut, .. builder.untrained, .. builder.warnings],
            Tokens = [.. encoded.Ids.Select((id, t) => new InspectedToken(id, TextOf(tokenizer, id), t > 0 && t < length && encoded.Labels[t] != TokenBatch.IgnoreLabel, t >= length))],
        };
    }

    private static string TextOf(TextTokenizer tokenizer, int id) => tokenizer.Decode([id]) is { Length: > 0 } text && !text.Contains('\uFFFD') ? text : tokenizer.PieceOf(id);

    private TokenRow? Encode(DataRow row)
    {
        EncodedRow encoded;
        try
        {
            encoded = encoder.Encode(row);
        }
        catch (ChatTemplateException e)
        {
            problems.Add(Note(row, "template", e.Message) with { Field = row.Dialogue is null ? "$" : "messages" });
            return null;
        }
        Warn(row);
        if (Fit(row, encoded) is not { } length) return null;
        var tokens = new TokenRow(encoded.Ids[..length], encoded.Labels[..length]);
        if (tokens.TargetCount > 0) return tokens;
        untrained.Add(Note(row, "untrained", $"left out: no token of it is trained{(length < encoded.Ids.Length ? $" after it was cut to {length} of {encoded.Ids.Length} tokens" : "")}."));
        return null;
    }

    /// <summary>The length a row is left with; null if it is left out.</summary>
    private int? Fit(DataRow row, EncodedRow encoded)
    {
        var length = encoded.Ids.Length;
        if (length <= options.MaxLength) return length;
        var fact = $"{length} tokens, {options.MaxLength} are allowed";
        switch (options.Overlength)
        {
            case Overlength.Cut:
                cut.Add(Note(row, "cut", $"cut: {fact}."));
                return options.MaxLength;
            case Overlength.CutAtTurn when encoded.AnswerEnds.Any(e => e <= options.MaxLength):
                var end = encoded.AnswerEnds.Last(e => e <= options.MaxLength);
                cut.Add(Note(row, "cut", $"cut to the {end} tokens of the answers that fit: {fact}."));
                return end;
            case Overlength.Error:
                problems.Add(Note(row, "too_long", $"the row is too long: {fact}."));
                return null;
            default:
                skipped.Add(Note(row, "too_long", $"left out: {fact}."));
                return null;
        }
    }

    private void Warn(DataRow row)
    {
        if (row.Dialogue is not { } dialogue) return;
        for (var i = 0; i < dialogue.Messages.Count; i++)
            if (markers.FirstOrDefault(m => dialogue.Messages[i].Content.Contains(m, StringComparison.Ordinal)) is { } marker)
                warnings.Add(new DataProblem(row.File, row.Line, row.Row, $"messages[{i}].content", "markers", $"holds '{marker}', a mark of the chat format: was the text formatted already? It is trained as plain text."));
    }

    private static DataProblem Note(DataRow row, string code, string message) => new(row.File, row.Line, row.Row, "$", code, message);
}
