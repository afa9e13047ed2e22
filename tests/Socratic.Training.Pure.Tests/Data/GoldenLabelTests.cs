using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Data;
using Socratic.Training.Data.Chat;
using Socratic.Training.Data.Reading;
using Socratic.Training.Tests.Tokenization;

namespace Socratic.Training.Tests.Data;

[Trait("Kind", "Golden")]
public sealed class GoldenLabelTests
{
    private const string Area = "sft";
    private const int Ignore = (int)TokenBatch.IgnoreLabel;

    /// <summary>The templates of the cases: ChatML as it is, and with other marks of what is learned.</summary>
    private static readonly Dictionary<string, ChatTemplate> Templates = new()
    {
        ["chatml"] = ChatTemplate.Named("chatml"),
        ["chatml_generation"] = new ChatMlTemplate("chatml_generation", null, ChatMlTemplate.Around.EndOfTurn),
        ["chatml_generation_wide"] = new ChatMlTemplate("chatml_generation_wide", null, ChatMlTemplate.Around.LeadingBreak | ChatMlTemplate.Around.EndOfTurn | ChatMlTemplate.Around.TrailingBreak),
        ["chatml_generation_bare"] = new ChatMlTemplate("chatml_generation_bare", null, ChatMlTemplate.Around.Nothing),
        ["gemma"] = ChatTemplate.Named("gemma2"),
        ["gemma_generation"] = ChatTemplate.Named("gemma2"),
    };

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "labels")]
    public void Labels(GoldenEntry entry) => GoldenReport.Run(Area, $"labels/{entry.Name}", () =>
    {
        var folder = GoldenRoot.File(Area, entry["folder"]);
        var golden = GoldenRoot.Json(Path.Combine(folder, "case.json"));
        var options = golden.GetProperty("options");
        if (options.TryGetProperty("truncation_mode", out var mode) && mode.GetString() == "keep_end") Assert.Skip("Rows are cut at their end only; the reference itself deprecates keep_end.");
        var tokenizer = Load(golden);
        var (rows, problems) = DataFile.Read(Path.Combine(folder, "rows.jsonl"));
        var encoder = new RowEncoder(tokenizer, new DialogueOptions { LossOn = LossOnOf(golden) });
        if (golden.GetProperty("error").ValueKind == JsonValueKind.Object)
        {
            CheckRefused(rows, problems, encoder);
            return;
        }
        Assert.Empty(problems.Items);
        var expected = GoldenRoot.Json(Path.Combine(folder, "expected.json")).EnumerateArray().ToList();
        Assert.Equal(expected.Count, rows.Count);
        var limit = options.TryGetProperty("max_length", out var length) && length.ValueKind == JsonValueKind.Number ? length.GetInt32() : int.MaxValue;
        for (var i = 0; i < rows.Count; i++) Check(expected[i], rows[i], encoder.Encode(rows[i]), limit, tokenizer);
    });

    private static void Check(JsonElement expected, DataRow row, EncodedRow encoded, int limit, TextTokenizer tokenizer)
    {
        if (expected.TryGetProperty("full_input_ids", out _)) GoldenTokenizers.Same(expected.Ids("full_input_ids"), encoded.Ids, $"row {row.Row}: full_input_ids");
        var kept = Math.Min(limit, encoded.Ids.Length);
        var tokens = new TokenRow(encoded.Ids[..kept], encoded.Labels[..kept]);
        if (expected.TryGetProperty("full_labels", out _)) GoldenTokenizers.Same(expected.Ids("full_labels"), encoded.Labels, $"row {row.Row}: full_labels");
        if (expected.GetProperty("dropped").GetBoolean())
        {
            Assert.Equal(0, tokens.TargetCount);
            return;
        }
        GoldenTokenizers.Same(expected.Ids("input_ids"), tokens.Ids, $"row {row.Row}: input_ids");
        if (row.Dialogue is not null)
        {
            var chat = tokenizer.ChatTemplate.Render(row.Dialogue.Messages);
            Assert.Equal(expected.GetProperty("text").GetString(), chat.Text);
        }
        var labels = expected.Ids("labels");
        if (UserWordsInCompletion(row) || SplitCharacter(expected, tokenizer)) Allow(labels, tokens, row, tokenizer);
        else
        {
            GoldenTokenizers.Same(labels, tokens.Labels, $"row {row.Row}: labels");
            Assert.Equal(expected.GetProperty("loss_positions").GetInt32(), tokens.TargetCount);
        }
    }

    /// <summary>The reference trains what a user says inside a completion; ours trains the assistant only.</summary>
    private static bool UserWordsInCompletion(DataRow row) => row.Dialogue is { } dialogue && row.PromptMessages > 0 && dialogue.Messages.Skip(row.PromptMessages).Any(m => m.Role == ChatMessage.UserRole);

    /// <summary>The reference's span ends with the first token of its last character; ours with the last.</summary>
    private static bool SplitCharacter(JsonElement expected, TextTokenizer tokenizer)
        => expected.TryGetProperty("generation_spans", out var spans) && spans.EnumerateArray().Any(s => tokenizer.EncodeToTokens(s.GetString()!, out _) is { Count: > 1 } t && t[^1].Offset.Equals(t[^2].Offset));

    /// <summary>Where ours differs on purpose: each difference must be one of the two that are meant.</summary>
    private static void Allow(int[] expected, TokenRow tokens, DataRow row, TextTokenizer tokenizer)
    {
        var chat = tokenizer.EncodeChat(row.Dialogue!.Messages);
        var learned = chat.LearnedFor;
        for (var i = 0; i < expected.Length; i++)
        {
            if (expected[i] == tokens.Labels[i]) continue;
            var ofUser = expected[i] == tokens.Ids[i] && tokens.Labels[i] == Ignore && learned[i] < 0 && UserWordsInCompletion(row) && i >= chat.TurnEnds[row.PromptMessages];
            var ofSameCharacter = expected[i] == Ignore && learned[i] >= 0 && i > 0 && tokens.Labels[i - 1] != Ignore && tokenizer.Decode([tokens.Ids[i]]).Contains('\uFFFD');
            Assert.True(ofUser || ofSameCharacter, $"row {row.Row}, position {i}: {tokens.Labels[i]}, expected {expected[i]}");
        }
    }

    /// <summary>What the reference refuses: ours refuses it too, but for the role `model`, which it maps.</summary>
    private static void CheckRefused(List<DataRow> rows, ProblemList problems, RowEncoder encoder)
    {
        if (problems.Count > 0 || rows.Exists(r => r.Dialogue is null))
        {
            Assert.True(problems.Count > 0 || rows.TrueForAll(r => Record.Exception(() => encoder.Encode(r)) is ChatTemplateException));
            return;
        }
        Assert.All(rows, r => Assert.True(new TokenRow(encoder.Encode(r).Ids, encoder.Encode(r).Labels).TargetCount > 0));
    }

    private static LossOn LossOnOf(JsonElement golden)
    {
        var assistant = golden.GetProperty("options").TryGetProperty("assistant_only_loss", out var a) && a.GetBoolean();
        var completion = golden.TryGetProperty("completion_only_loss_in_effect", out var c) && c.ValueKind == JsonValueKind.True;
        return assistant || completion ? LossOn.ModelTurns : LossOn.AllTokens;
    }

    private static TextTokenizer Load(JsonElement golden)
    {
        var files = Socratic.Training.Tokenization.Readers.TokenizerFiles.Read(GoldenRoot.File(Area, golden.GetProperty("model").GetString()!));
        var template = golden.GetProperty("template").GetString() is { } path ? Templates[Path.GetFileNameWithoutExtension(path)] : null;
        return Socratic.Training.Tokenization.Readers.TokenizerLoader.Load(files, template);
    }
}
