using System.Globalization;
using Microsoft.Extensions.Logging;
using Socratic.Training;
using Socratic.Training.Lora;
using Spectre.Console;

namespace Socratic.Samples;

/// <summary>Everything the person sees. On a terminal one line shows the progress; redirected, plain lines do.</summary>
internal sealed class Screen : IProgress<TrainingProgress>, IDisposable
{
    private const int PlainEvery = 10;
    private const int Unwrapped = 4096;

    private readonly IAnsiConsole console = AnsiConsole.Console;
    private readonly bool isTerminal = !Console.IsOutputRedirected;
    private readonly DateTime started = DateTime.UtcNow;
    private string output = "";
    private bool hasProgressLine;

    internal Screen()
    {
        Console.OutputEncoding = System.Text.Encoding.UTF8;
        if (!isTerminal) console.Profile.Width = Unwrapped;
        Log = LoggerFactory.Create(b => b.AddProvider(new ScreenLoggerProvider(this)));
    }

    /// <summary>The library's log, shown between the lines of progress.</summary>
    internal ILoggerFactory Log { get; }

    internal void Title(string title, string outputFolder, params (string Name, string Path)[] inputs)
    {
        output = outputFolder;
        Line(title);
        foreach (var (name, path) in inputs) Whole($"[grey]{name,-8}{Markup.Escape(path)}[/]");
        Whole($"[grey]output  {Markup.Escape(output)}[/]");
        console.WriteLine();
    }

    internal void Model(long trained, long all, string how)
        => Line(Markup.Escape(Text($"Training {trained:N0} of {all:N0} parameters ({100.0 * trained / all:0.0#}%): {how}.")));

    internal void Data(DatasetReport report, int train, int heldOut, string firstRow)
    {
        Line(Text($"{report.Read} dialogues: {train} train, {heldOut} are held out; {report.Skipped.Count} skipped, {report.Cut.Count} cut, {report.Untrained.Count} without a trained token."));
        Line("The first row as the model sees it; it learns what stands between [green]⟦[/] and [green]⟧[/]:");
        foreach (var line in firstRow.TrimEnd().Split('\n'))
            Line("  [grey]" + Markup.Escape(line).Replace("⟦", "[/][green]⟦", StringComparison.Ordinal).Replace("⟧", "⟧[/][grey]", StringComparison.Ordinal) + "[/]");
        console.WriteLine();
    }

    public void Report(TrainingProgress value)
    {
        if (!isTerminal && value.Step % PlainEvery != 0 && value.Step != value.Of) return;
        var loss = value.Loss is { } l ? Text($"loss {l:F3}") : "loss ...";
        var pace = value.TokensPerSecond is { } t ? Text($"{t:N0} tokens/s") : "";
        var left = value.TimeLeft is { } time ? Text($"{(int)time.TotalMinutes}:{time.Seconds:00} left") : "";
        var memory = Text($"{value.HostMemoryBytes / 1e6:N0} MB");
        var text = Text($"{value.Step,4} / {value.Of}  {loss}  rate {value.LearningRate:0.0e+0}");
        foreach (var part in new[] { left, pace, memory })
            if (part.Length > 0 && (!isTerminal || text.Length + part.Length + 14 < console.Profile.Width)) text += "  " + part;
        if (!isTerminal)
        {
            console.WriteLine(text);
            return;
        }
        var filled = Math.Clamp(10 * value.Step / Math.Max(value.Of, 1), 0, 10);
        Console.Write($"\r\u001b[2K{new string('━', filled)}{new string('─', 10 - filled)} {text}");
        hasProgressLine = true;
        if (value.Step == value.Of) EndProgressLine();
    }

    internal void Message(LogLevel level, string message)
    {
        var color = level >= LogLevel.Error ? "red" : level == LogLevel.Warning ? "yellow" : "grey";
        // Whole paths of checkpoints would fill the screen; the output folder stands above.
        if (output.Length > 0) message = message.Replace(Path.GetFullPath(output) + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
        Line($"[{color}]{Markup.Escape(message)}[/]");
    }

    internal string? Ask(string question)
    {
        EndProgressLine();
        console.Write(question);
        return Console.ReadLine();
    }

    internal void Answers(IReadOnlyList<string> questions, IReadOnlyList<string>? before, IReadOnlyList<string> after)
    {
        EndProgressLine();
        console.WriteLine();
        for (var i = 0; i < questions.Count; i++)
        {
            Line($"[bold]{Markup.Escape(questions[i])}[/]");
            if (before is not null) Labelled("[grey]before[/]", before[i]);
            Labelled(before is null ? "[green]answer[/]" : "[green]after [/]", after[i]);
            console.WriteLine();
        }
    }

    internal void HeldOut(int step, double loss) => Message(LogLevel.Information, Text($"Step {step}: held-out loss {loss:F3} per token"));

    /// <summary>What reading the saved adapter back found.</summary>
    internal void Check(AdapterCheck check)
    {
        Line($"[grey]{Markup.Escape(check.ToString())}[/]");
        if (check.Warning is { } warning) Line($"[yellow]{Markup.Escape(warning)}[/]");
    }

    internal void Cost(TimeSpan time, TrainerState state)
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        Line(Text($"[grey]Update {state.GlobalStep} of {state.MaxSteps} after {(int)time.TotalMinutes}:{time.Seconds:00}; peak memory {process.PeakWorkingSet64 / 1e6:N0} MB.[/]"));
    }

    /// <summary>A heading, and a line for each file or command with what it is.</summary>
    internal void List(string heading, params (string What, string Note)[] lines)
    {
        Line(Markup.Escape(heading));
        foreach (var (what, note) in lines) Whole($"  {Markup.Escape(what)}{(note.Length > 0 ? $"  [grey]{Markup.Escape(note)}[/]" : "")}");
    }

    internal void Say(string text) => Line(Markup.Escape(text));

    internal void Stopping() => Line("Stopping after this update; a second Ctrl+C ends at once.");

    internal void Stopped(TrainerState state)
        => Say(Text($"Stopped after update {state.GlobalStep} of {state.MaxSteps}; a checkpoint lies in {output}. The same command goes on from there."));

    internal void Error(Exception error)
    {
        EndProgressLine();
        var message = error is Microsoft.Extensions.Options.OptionsValidationException options ? string.Join(Environment.NewLine, options.Failures) : error.Message;
        var log = Path.Combine(output, "training_log.txt");
        Console.Error.WriteLine($"Error: {message}{(File.GetLastWriteTimeUtc(log) >= started ? $" (The log has more: {log})" : "")}");
    }

    public void Dispose()
    {
        EndProgressLine();
        Log.Dispose();
    }

    private void Line(string markup)
    {
        EndProgressLine();
        console.MarkupLine(markup);
    }

    /// <summary>A line with a path or a command: a narrow terminal breaks it by itself, so that it can be copied as one.</summary>
    private void Whole(string markup)
    {
        var width = console.Profile.Width;
        console.Profile.Width = Unwrapped;
        Line(markup);
        console.Profile.Width = width;
    }

    /// <summary>A label and a text; on a terminal the text's further lines stand below its first.</summary>
    private void Labelled(string label, string text)
    {
        if (!isTerminal) Line($"  {label}  {Markup.Escape(text)}");
        else console.Write(new Padder(new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn().AddRow(new Markup(label), new Text(text))).Padding(2, 0, 0, 0));
    }

    private void EndProgressLine()
    {
        if (!hasProgressLine) return;
        hasProgressLine = false;
        Console.WriteLine();
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
