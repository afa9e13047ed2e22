using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Data.Chat;
using Socratic.Training.Tokenization;

namespace Socratic.Training.Tests.Tokenization;

[Trait("Kind", "Golden")]
public sealed class GoldenChatTests
{
    private static IReadOnlyList<JsonElement> Cases { get; } = GoldenRoot.Has(GoldenTokenizers.Area) ? [.. GoldenRoot.Json(GoldenRoot.File(GoldenTokenizers.Area, "chat.json")).GetProperty("cases").EnumerateArray()] : [];

    public static TheoryData<string> Families => [.. Cases.Select(c => c.Text("family")).Distinct()];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families))]
    public void Renders(string family) => GoldenReport.Run(GoldenTokenizers.Area, $"chat/{family}", () =>
    {
        if (!ChatTemplate.Names.Contains(family)) Assert.Skip($"The template {family} is not built in yet.");
        var problems = new List<string>();
        var count = 0;
        foreach (var entry in Cases.Where(c => c.Text("family") == family))
        {
            count++;
            if (Record.Exception(() => Check(entry)) is { } problem) problems.Add($"{entry.Text("name")}: {problem.Message}");
        }
        Assert.True(problems.Count == 0, $"{problems.Count} of {count}:\n{string.Join("\n", problems.Take(12))}");
    });

    private static void Check(JsonElement entry)
    {
        var tokenizer = GoldenTokenizers.Load(entry.Text("tokenizer"));
        var template = ChatTemplate.Named(entry.Text("family"));
        var messages = GoldenMessages.Read(entry.GetProperty("messages"));
        var generation = entry.GetProperty("add_generation_prompt").GetBoolean();
        var options = new ChatRendering(generation, entry.TryGetProperty("enable_thinking", out var thinking) && !thinking.GetBoolean());
        if (entry.TryGetProperty("error", out _))
        {
            Assert.Throws<ChatTemplateException>(() => template.Render(messages, options));
            return;
        }
        // Where the reference does something odd, refusing is right too.
        if (entry.TryGetProperty("quirk", out _) && Record.Exception(() => template.Render(messages, options)) is ChatTemplateException) return;

        var chat = template.Render(messages, options);
        Assert.Equal(entry.Text("text"), chat.Text);
        var plain = tokenizer.Pipeline.Encode(chat.Text, content: false);
        GoldenTokenizers.Same(entry.Ids("ids"), [.. plain.Select(t => t.Id)], "ids");
        Assert.Equal(Ranges(entry, "assistant"), Ranges(ChatEncoder.LearnedFor(plain, chat)));

        var safe = ChatEncoder.Encode(tokenizer.Pipeline, chat);
        GoldenTokenizers.Same(entry.IdsOr("ids_safe", "ids"), safe.Ids, "ids_safe");
        Assert.Equal(Ranges(entry, entry.TryGetProperty("assistant_safe", out _) ? "assistant_safe" : "assistant"), Ranges(safe.LearnedFor));
        if (entry.TryGetProperty("completion_start", out var start)) CheckCompletion(entry, tokenizer, template, messages, start.GetInt32());
    }

    private static void CheckCompletion(JsonElement entry, TextTokenizer tokenizer, ChatTemplate template, IReadOnlyList<ChatMessage> messages, int start)
    {
        var prompt = tokenizer.EncodeToIds(template.Render([.. messages.SkipLast(1)], new ChatRendering(ForGeneration: true)).Text);
        var common = prompt.Zip(entry.Ids("ids")).TakeWhile(p => p.First == p.Second).Count();
        Assert.Equal(start, common);
        Assert.Equal(entry.GetProperty("prompt_is_prefix").GetBoolean(), common == prompt.Count);
    }

    private static List<(int, int)> Ranges(JsonElement entry, string property)
        => entry.TryGetProperty(property, out var ranges) ? [.. ranges.EnumerateArray().Select(r => (r[0].GetInt32(), r[1].GetInt32()))] : [];

    private static List<(int, int)> Ranges(int[] learnedFor)
    {
        var ranges = new List<(int, int)>();
        for (var i = 0; i < learnedFor.Length; i++)
        {
            if (learnedFor[i] < 0) continue;
            if (ranges.Count > 0 && ranges[^1].Item2 == i) ranges[^1] = (ranges[^1].Item1, i + 1);
            else ranges.Add((i, i + 1));
        }
        return ranges;
    }
}
