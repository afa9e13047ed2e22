using System.Globalization;
using Socratic.Training;
using Spectre.Console;

namespace Socratic.Samples;

/// <summary>The verb <c>inspect</c>: a row of the data token by token.</summary>
internal static class Inspection
{
    internal static int Show(string model, string data, int row, DialogueOptions? options = null)
    {
        var tokenizer = TextTokenizer.Load(model);
        var inspection = DialogueDataset.Inspect(data, row, tokenizer, options);
        var table = new Table().RoundedBorder().AddColumns(new TableColumn("#").RightAligned(), new TableColumn("id").RightAligned(), new TableColumn("text"), new TableColumn(""));
        foreach (var (token, position) in inspection.Tokens.Select((t, i) => (t, i)))
        {
            var (color, word) = token.IsCut ? ("red", "cut") : token.IsTrained ? ("green", "trained") : ("grey", "");
            table.AddRow(new Markup($"[grey]{position}[/]"), new Markup($"[grey]{token.Id}[/]"), new Markup($"[{color}]{Markup.Escape(Visible(token.Text))}[/]"), new Markup($"[{color}]{word}[/]"));
        }
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = 200;
        AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[bold]{inspection.File}:{inspection.Line}[/], row {inspection.Row}: {inspection.Tokens.Count} tokens, {inspection.Tokens.Count(t => t.IsTrained)} trained, {inspection.Tokens.Count(t => t.IsCut)} cut{(inspection.IsKept ? "" : "; left out")}");
        AnsiConsole.Write(table);
        foreach (var note in inspection.Notes) AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[yellow]{note}[/]");
        return 0;
    }

    // A line break or a blank would not be seen.
    private static string Visible(string text) => text.Replace("\n", "⏎", StringComparison.Ordinal).Replace("\t", "⇥", StringComparison.Ordinal) is var shown && shown.Trim().Length == 0 ? $"'{shown}'" : shown;
}
