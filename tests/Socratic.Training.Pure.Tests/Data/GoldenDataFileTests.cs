using System.Text;
using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Data.Reading;

namespace Socratic.Training.Tests.Data;

[Trait("Kind", "Golden")]
public sealed class GoldenDataFileTests
{
    private const string Area = "sft";
    private const string NoPreferences = "Preference rows are refused here: they come with preference training.";

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "formats")]
    public void Normalises(GoldenEntry entry) => GoldenReport.Run(Area, $"formats/{entry.Name}", () =>
    {
        var expected = GoldenRoot.Json(GoldenRoot.File(Area, entry["folder"], "normalised.json"));
        var kinds = expected.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("kind").GetString()!).Distinct().ToList();
        var (rows, problems) = DataFile.Read(GoldenRoot.File(Area, entry["folder"], expected.GetProperty("file").GetString()!));
        if (kinds.Exists(k => k.Contains("preference", StringComparison.Ordinal)))
        {
            Assert.Equal(expected.GetProperty("rows").GetArrayLength(), problems.Count);
            Assert.All(problems.Items, p => Assert.Equal("preference", p.Code));
            Assert.Skip(NoPreferences);
        }
        Assert.Empty(problems.Items);
        Assert.Equal(expected.GetProperty("rows").EnumerateArray().Select(Describe), rows.Select(Describe));
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "malformed")]
    public void Judges(GoldenEntry entry) => GoldenReport.Run(Area, $"malformed/{entry.Name}", () =>
    {
        var verdict = GoldenRoot.Json(GoldenRoot.File(Area, entry["folder"], "verdict.json"));
        var file = verdict.GetProperty("file").GetString();
        var (rows, problems) = file is null ? DataFile.Read(FromRecipe(verdict.GetProperty("recipe")), "data.jsonl") : DataFile.Read(GoldenRoot.File(Area, entry["folder"], file));
        if (problems.Items.Any(p => p.Code == "preference")) Assert.Skip(NoPreferences);
        Assert.Equal(verdict.GetProperty("good_lines").EnumerateArray().Select(l => l.GetInt32()), rows.Select(r => r.Line));
        if (verdict.GetProperty("verdict").GetString() == "accept")
        {
            Assert.Empty(problems.Items);
            return;
        }
        var problem = Assert.Single(problems.Items);
        Assert.Equal(
            (verdict.GetProperty("line").GetInt32(), verdict.GetProperty("row").GetInt32(), verdict.GetProperty("field").GetString(), verdict.GetProperty("code").GetString()),
            (problem.Line, problem.Row, problem.Field, problem.Code));
        if (verdict.TryGetProperty("byte_in_line", out var position)) Assert.Contains($"byte {position} of the line", problem.Message, StringComparison.Ordinal);
    });

    /// <summary>The lines of a file that is described, not stored: a content such as "the character X, N times" stands for that.</summary>
    private static byte[] FromRecipe(JsonElement recipe)
    {
        var text = new StringBuilder();
        foreach (var line in recipe.EnumerateObject())
        {
            var row = line.Value.GetRawText();
            var content = line.Value.GetProperty("messages")[0].GetProperty("content").GetString()!;
            var words = content.Split(' ');
            if (content.StartsWith("the character ", StringComparison.Ordinal)) row = row.Replace(content, new string(words[2][0], int.Parse(words[3], System.Globalization.CultureInfo.InvariantCulture)), StringComparison.Ordinal);
            text.Append(row.ReplaceLineEndings("")).Append('\n');
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static string Describe(JsonElement row)
    {
        var kind = row.GetProperty("kind").GetString()!;
        var prefix = $"{row.GetProperty("row")}:{row.GetProperty("line")}:{kind}:";
        return prefix + kind switch
        {
            "conversation" => Messages(row.GetProperty("messages")),
            "prompt_completion" when row.GetProperty("prompt").ValueKind == JsonValueKind.Array => Messages(row.GetProperty("prompt")) + "=>" + Messages(row.GetProperty("completion")),
            "prompt_completion" => row.GetProperty("prompt").GetString() + "=>" + row.GetProperty("completion").GetString(),
            _ => row.GetProperty("text").GetString(),
        };
    }

    private static string Describe(DataRow row)
    {
        var kind = row.Dialogue is null ? (row.Prompt is null ? "text" : "prompt_completion") : row.PromptMessages > 0 ? "prompt_completion" : "conversation";
        var prefix = $"{row.Row}:{row.Line}:{kind}:";
        if (row.Dialogue is not { } dialogue) return prefix + (row.Prompt is null ? row.Text : row.Prompt + "=>" + row.Text);
        return prefix + (row.PromptMessages == 0 ? Messages(dialogue.Messages) : Messages(dialogue.Messages.Take(row.PromptMessages)) + "=>" + Messages(dialogue.Messages.Skip(row.PromptMessages)));
    }

    private static string Messages(JsonElement list) => string.Concat(list.EnumerateArray().Select(m => $"[{m.GetProperty("role").GetString()}|{m.GetProperty("content").GetString()}]"));

    private static string Messages(IEnumerable<ChatMessage> list) => string.Concat(list.Select(m => $"[{m.Role}|{m.Content}]"));
}
