namespace Socratic.Training.Tests.Data;

public sealed class DialogueFileTests
{
    private const string Good = """{"topic": "x", "messages": [{"role": "user", "content": "a"}, {"role": "model", "content": "b"}]}""";

    [Fact]
    public void ReadsTheQuickstart()
    {
        var dialogues = Dialogue.ReadFile(Quickstart.Dialogues);
        Assert.Equal(300, dialogues.Count);
        Assert.Equal("政治", dialogues[0].Extra["topic"].GetString());
        Assert.Equal(2, dialogues[0].Line);
        Assert.All(dialogues, d => Assert.Equal(ChatMessage.AssistantRole, d.Messages[^1].Role));
    }

    [Fact]
    public void MapsRolesAndKeepsTrain()
    {
        using var file = new TemporaryFile("d.json", """
            [{"messages": [{"role": "human", "content": "a"}, {"role": "gpt", "content": "b", "train": false}, {"role": "user", "content": "c"}, {"role": "bot", "content": "d", "name": "x"}]}]
            """);
        var dialogue = Assert.Single(Dialogue.ReadFile(file.Path));
        Assert.Equal(["user", "assistant", "user", "assistant"], dialogue.Messages.Select(m => m.Role));
        Assert.Equal([true, false, true, true], dialogue.Messages.Select(m => m.Train));
        Assert.Equal(3, dialogue.Prompt.Count);
        Assert.Equal("user: a\nassistant: b\nuser: c\nassistant: d", dialogue.ToString());
    }

    [Fact]
    public void ListsAllProblemsWithLineAndField()
    {
        using var file = new TemporaryFile("d.json", """
            [
              {"messages": [{"role": "user", "content": ""}, {"role": "narrator", "content": "b"}]},
              {"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]},
              {"messages": [{"role": "user", "content": "a"}, {"role": "model", "content": "b"}]},
              {"messages": [{"role": "user", "content": "a"}]}
            ]
            """);
        var error = Assert.Throws<DatasetException>(() => Dialogue.ReadFile(file.Path));
        Assert.Equal([(2, "messages[0].content", "empty_content"), (2, "messages[1].role", "unknown_role"), (3, "messages[1].role", "role_order"), (5, "messages[0].role", "role_order")],
            error.Problems.Select(p => (p.Line, p.Field!, p.Code)).OrderBy(p => p.Line).ThenBy(p => p.Item2));
        Assert.Contains("4 problems", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{file.Path}:3: messages[1].role: after 'user' comes 'user'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StopsListingAtTheLimit()
    {
        using var file = new TemporaryFile("d.jsonl", string.Join("\n", Enumerable.Repeat("""{"messages": []}""", 30)));
        var error = Assert.Throws<DatasetException>(() => DialogueDataset.Read(file.Path, Quickstart.Tokenizer, new DialogueOptions { MaxProblems = 3 }));
        Assert.Equal(30, error.Problems.Count);
        Assert.EndsWith("and 27 more", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("d.json", "[]")]
    [InlineData("d.jsonl", "\n  \n")]
    [InlineData("d.json", "")]
    public void SaysThatAFileIsEmpty(string name, string content)
    {
        using var file = new TemporaryFile(name, content);
        Assert.Contains("no rows", Assert.Throws<DatasetException>(() => Dialogue.ReadFile(file.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("d.json", Good)]
    [InlineData("d.json", $"[{Good},\n{Good}]")]
    [InlineData("d.jsonl", $"{Good}\r\n\r\n{Good}")]
    public void ReadsArraysAndLines(string name, string content)
    {
        using var file = new TemporaryFile(name, content);
        Assert.All(Dialogue.ReadFile(file.Path), d => Assert.Equal(2, d.Messages.Count));
    }

    [Fact]
    public void NamesAMissingFileAndAFolder()
    {
        Assert.Contains("does not exist", Assert.Throws<FileNotFoundException>(() => Dialogue.ReadFile("/nowhere/d.json")).Message, StringComparison.Ordinal);
        Assert.Contains("is a folder", Assert.Throws<FileNotFoundException>(() => Dialogue.ReadFile(Path.GetTempPath())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HostileNestingAndKeysAreProblemsOfTheirRow()
    {
        using var file = new TemporaryFile("d.jsonl", $"{Good}\n{new string('[', 100_000)}\n{{\"\\ud800\": 1, \"messages\": []}}\n{Good}");
        var error = Assert.Throws<DatasetException>(() => Dialogue.ReadFile(file.Path));
        Assert.Equal([(2, "bad_json"), (3, "bad_unicode")], error.Problems.Select(p => (p.Line, p.Code)));
    }

    [Fact]
    public void WritesWhatItRead()
    {
        using var file = new TemporaryFile("d.json");
        var dialogues = Dialogue.ReadFile(Quickstart.Dialogues);
        Dialogue[] more = [.. dialogues, new Dialogue([ChatMessage.System("s"), ChatMessage.User("😀\n\"x\""), ChatMessage.Assistant("徳") with { Train = false }])];
        Dialogue.WriteFile(file.Path, more);
        var text = File.ReadAllText(file.Path);
        Assert.Contains("\"role\":\"model\",\"content\":\"徳\",\"train\":false", text, StringComparison.Ordinal);
        Assert.Contains("\"topic\":\"政治\"", text, StringComparison.Ordinal);
        var again = Dialogue.ReadFile(file.Path);
        Assert.Equal(more.Select(d => d.ToString()), again.Select(d => d.ToString()));
        Assert.False(again[^1].Messages[2].Train);
        Assert.False(File.Exists(file.Path + ".tmp"));
    }
}
