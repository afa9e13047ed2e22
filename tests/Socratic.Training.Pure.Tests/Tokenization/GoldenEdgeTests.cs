using System.Globalization;
using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Tokenization;
using Socratic.Training.Tokenization.Readers;

namespace Socratic.Training.Tests.Tokenization;

[Trait("Kind", "Golden")]
public sealed class GoldenEdgeTests
{
    private static IReadOnlyList<JsonElement> Cases { get; } = File.Exists(GoldenRoot.File(GoldenTokenizers.Area, "edge.json")) ? [.. GoldenRoot.Json(GoldenRoot.File(GoldenTokenizers.Area, "edge.json")).GetProperty("cases").EnumerateArray()] : [];

    public static TheoryData<string> Names => [.. Cases.Select(c => c.Text("name"))];

    [Theory(SkipTestWithoutData = true, Timeout = 20_000), MemberData(nameof(Names))]
    public async Task Holds(string name) => await Task.Run(() => GoldenReport.Run(GoldenTokenizers.Area, "edge", () =>
    {
        var entry = Cases.Single(c => c.Text("name") == name);
        var allowed = entry.Text("ours").Split("-or-");
        var (outcome, problem) = Try(entry);
        Assert.True(allowed.Contains(outcome) || (outcome == "loads" && allowed.Contains("encodes")), $"{outcome}, expected {entry.Text("ours")}: {problem?.Message ?? entry.Text("why")}");
        if (problem is not null) CheckMessage(outcome, problem, entry);
    }), TestContext.Current.CancellationToken);

    /// <summary>What came of it: one of the outcomes that <c>ours</c> names, with the error.</summary>
    private static (string Outcome, Exception? Problem) Try(JsonElement entry)
    {
        TextTokenizer? folder = null;
        TokenizerPipeline pipeline;
        try
        {
            if (entry.TextOrNull("folder") is { } name) folder = TextTokenizer.Load(GoldenRoot.File(GoldenTokenizers.Area, name));
            pipeline = folder?.Pipeline ?? Read(GoldenRoot.File(GoldenTokenizers.Area, entry.Text("file")));
        }
        catch (InvalidDataException e)
        {
            return ("load-error", e);
        }
        if (folder is not null) return Chat(folder, entry);
        if (entry.TryGetProperty("ids", out _))
            return Record.Exception(() => pipeline.Decode(entry.Ids("ids"), false)) is { } d ? ("decode-error", Assert.IsType<ArgumentOutOfRangeException>(d)) : ("decodes", null);
        return Record.Exception(() => Encode(pipeline, entry)) switch
        {
            null => ("loads", null),
            ArgumentException e => ("encode-error", e),
            InvalidOperationException e => ("encode-error", e),
            var e => throw e,
        };
    }

    private static TokenizerPipeline Read(string file) => file.EndsWith(".model", StringComparison.Ordinal)
        ? SentencePieceReader.Read(File.ReadAllBytes(file), file, new TokenizerSettings())
        : TokenizerJsonReader.Read(File.ReadAllBytes(file), file, new TokenizerSettings());

    private static (string, Exception?) Chat(TextTokenizer tokenizer, JsonElement entry)
    {
        Assert.NotEmpty(tokenizer.EncodeToIds("ab"));
        var problem = Record.Exception(() => tokenizer.EncodePrompt([ChatMessage.User("ab")]));
        if (problem is not null) return ("chat-error", Assert.IsType<ChatTemplateException>(problem));
        Assert.Equal(entry.GetProperty("reference").GetProperty("size").GetInt32(), tokenizer.VocabularySize);
        return ("loads", null);
    }

    private static void Encode(TokenizerPipeline pipeline, JsonElement entry)
    {
        var text = entry.TextOrNull("text") ?? string.Concat(entry.GetProperty("text_utf16").EnumerateArray().Select(u => (char)int.Parse(u.GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture)));
        if (entry.TryGetProperty("ids_literal", out _)) GoldenTokenizers.Same(entry.Ids("ids_literal"), [.. pipeline.Encode(text, content: true).Select(t => t.Id)], "ids_literal");
        int[] plain = [.. pipeline.Encode(text, content: false).Select(t => t.Id)];
        var reference = entry.GetProperty("reference");
        if (!reference.TryGetProperty("ids", out _)) return;
        // The reference's ids hold bos, except those of sentencepiece itself.
        var special = entry.Text("file").EndsWith(".model", StringComparison.Ordinal) ? plain : [.. pipeline.Prefix, .. plain];
        GoldenTokenizers.Same(reference.Ids("ids"), special, "ids");
    }

    private static void CheckMessage(string outcome, Exception problem, JsonElement entry)
    {
        var named = entry.TextOrNull("folder") ?? entry.TextOrNull("file");
        if (outcome is "load-error") Assert.Contains(Path.GetFileName(named!), problem.Message, StringComparison.Ordinal);
        if (entry.TryGetProperty("text_utf16", out _)) Assert.Contains("index 1", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", problem.Message, StringComparison.Ordinal);
    }
}
