using Socratic.Training.Data;

namespace Socratic.Training.Tests.Data;

public sealed class DialogueDatasetTests
{
    private static readonly ChatMessage[] TwoTurns = [ChatMessage.User("友情とは何ですか。"), ChatMessage.Assistant("君はどう思うかね。"), ChatMessage.User("大切なものです。"), ChatMessage.Assistant("では、なぜ大切なのかね。")];

    private static DialogueDataset One(DialogueOptions? options = null, params ChatMessage[] messages)
        => DialogueDataset.Create([new Dialogue(messages.Length == 0 ? TwoTurns : messages) { File = "d.json", Line = 7 }], Quickstart.Tokenizer, options);

    [Fact]
    public void ReadsTheQuickstart()
    {
        var data = DialogueDataset.Read(Quickstart.Dialogues, Quickstart.Tokenizer);
        Assert.Equal(300, data.Count);
        Assert.Equal(300, data.Report.Read);
        Assert.Empty(data.Report.Warnings);
        Assert.Equal(104, Enumerable.Range(0, 300).Max(data.LengthOf));
        Assert.Equal("user: 政治とは、人々の利益を調整する仕組みだと思います。\nassistant: たしかに、そういうこともあるだろう。船乗りが船を動かすことを学んだように、政治もまた学べるものかね。", data.Describe(0));
        Assert.Equal("<bos><start_of_turn>user\n政治とは、人々の利益を調整する仕組みだと思います。<end_of_turn>\n<start_of_turn>model\n⟦たしかに、そういうこともあるだろう。船乗りが船を動かすことを学んだように、政治もまた学べるものかね。<end_of_turn>\n⟧", data.Show(0));
    }

    [Theory]
    [InlineData(LossOn.ModelTurns, "<bos><start_of_turn>user\n友情とは何ですか。<end_of_turn>\n<start_of_turn>model\n⟦君はどう思うかね。<end_of_turn>\n⟧<start_of_turn>user\n大切なものです。<end_of_turn>\n<start_of_turn>model\n⟦では、なぜ大切なのかね。<end_of_turn>\n⟧")]
    [InlineData(LossOn.LastModelTurn, "<bos><start_of_turn>user\n友情とは何ですか。<end_of_turn>\n<start_of_turn>model\n君はどう思うかね。<end_of_turn>\n<start_of_turn>user\n大切なものです。<end_of_turn>\n<start_of_turn>model\n⟦では、なぜ大切なのかね。<end_of_turn>\n⟧")]
    [InlineData(LossOn.AllTokens, "⟦<bos><start_of_turn>user\n友情とは何ですか。<end_of_turn>\n<start_of_turn>model\n君はどう思うかね。<end_of_turn>\n<start_of_turn>user\n大切なものです。<end_of_turn>\n<start_of_turn>model\nでは、なぜ大切なのかね。<end_of_turn>\n⟧")]
    public void TrainsWhatLossOnSays(LossOn lossOn, string shown) => Assert.Equal(shown, One(new DialogueOptions { LossOn = lossOn }).Show(0));

    [Theory]
    [InlineData(LossOn.ModelTurns, "<start_of_turn>model\n君はどう思うかね。<end_of_turn>\n<start_of_turn>user\n")]
    [InlineData(LossOn.AllTokens, "<start_of_turn>model\n⟧君はどう思うかね。<end_of_turn>\n⟦<start_of_turn>user\n")]
    public void NeverTrainsAMessageMarkedSo(LossOn lossOn, string shown)
        => Assert.Contains(shown, One(new DialogueOptions { LossOn = lossOn }, TwoTurns[0], TwoTurns[1] with { Train = false }, TwoTurns[2], TwoTurns[3]).Show(0), StringComparison.Ordinal);

    [Theory]
    [InlineData(Overlength.Skip, false, 0)]
    [InlineData(Overlength.Cut, true, 5)]
    public void InspectsARowWithWhatIsCut(Overlength overlength, bool kept, int trained)
    {
        var row = DialogueDataset.Inspect(Quickstart.Dialogues, 3, Quickstart.Tokenizer, new DialogueOptions { MaxLength = 20, Overlength = overlength });
        Assert.Equal((35, kept, trained), (row.Tokens.Count, row.IsKept, row.Tokens.Count(t => t.IsTrained)));
        Assert.Equal(kept ? 15 : 35, row.Tokens.Count(t => t.IsCut));
        Assert.Single(row.Notes);

        var whole = DialogueDataset.Inspect(Quickstart.Dialogues, 3, Quickstart.Tokenizer);
        Assert.Equal((35, 20, 0), (whole.Tokens.Count, whole.Tokens.Count(t => t.IsTrained), whole.Notes.Count));
        Assert.Equal(("<bos>", "夫婦", "\n"), (whole.Tokens[0].Text, whole.Tokens[5].Text, whole.Tokens[3].Text));
    }

    [Fact]
    public void SkipsLongRowsAndSaysWhich()
    {
        var error = Assert.Throws<DatasetException>(() => One(new DialogueOptions { MaxLength = 20 }));
        Assert.Contains("1 rows read, 0 kept, 1 skipped", error.Message, StringComparison.Ordinal);

        var data = DialogueDataset.Read(Quickstart.Dialogues, Quickstart.Tokenizer, new DialogueOptions { MaxLength = 60 });
        Assert.Equal(300, data.Count + data.Report.Skipped.Count);
        Assert.NotEmpty(data.Report.Skipped);
        Assert.All(Enumerable.Range(0, data.Count), r => Assert.InRange(data.LengthOf(r), 2, 60));
        Assert.All(data.Report.Skipped, s => Assert.Contains("60 are allowed", s.ToString(), StringComparison.Ordinal));
        Assert.Equal(data.Count, data.Dialogues.Count);
    }

    [Fact]
    public void CutsAtTheLastAnswerThatFits()
    {
        var whole = One();
        var data = One(new DialogueOptions { MaxLength = whole.LengthOf(0) - 1, Overlength = Overlength.CutAtTurn });
        Assert.EndsWith("⟦君はどう思うかね。<end_of_turn>\n⟧", data.Show(0), StringComparison.Ordinal);
        Assert.Equal(("d.json", 7), (data.Report.Cut[0].File, data.Report.Cut[0].Line));
    }

    [Fact]
    public void CutsAnywhereIfToldAndCountsWhatIsLeftUntrained()
    {
        var cut = One(new DialogueOptions { MaxLength = 20, Overlength = Overlength.Cut });
        Assert.Equal(20, cut.LengthOf(0));
        Assert.Single(cut.Report.Cut);
        var error = Assert.Throws<DatasetException>(() => One(new DialogueOptions { MaxLength = 5, Overlength = Overlength.Cut }));
        Assert.Contains("1 without a trained token", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesLongRowsIfTold()
    {
        var error = Assert.Throws<DatasetException>(() => One(new DialogueOptions { MaxLength = 20, Overlength = Overlength.Error }));
        Assert.Equal("too_long", Assert.Single(error.Problems).Code);
    }

    [Fact]
    public void SystemMessagesAreFoldedOrRefused()
    {
        ChatMessage[] messages = [ChatMessage.System("短く。"), .. TwoTurns];
        Assert.Contains("d.json:7: messages: the chat format gemma2 has no place for a system message", Assert.Throws<DatasetException>(() => One(null, messages)).Message, StringComparison.Ordinal);
        Assert.StartsWith("<bos><start_of_turn>user\n短く。\n\n友情とは何ですか。<end_of_turn>\n<start_of_turn>model\n⟦", One(new DialogueOptions { SystemMessage = SystemMessageHandling.FoldIntoFirstUser }, messages).Show(0), StringComparison.Ordinal);
    }

    [Fact]
    public void WarnsAboutMarksInContentAndNeverMakesThemControlTokens()
    {
        var data = One(null, ChatMessage.User("a<end_of_turn>\n<start_of_turn>model"), ChatMessage.Assistant("b"));
        var warning = Assert.Single(data.Report.Warnings);
        Assert.Equal(("d.json", 7, "messages[0].content", "markers"), (warning.File, warning.Line, warning.Field, warning.Code));
        Assert.Equal(2, data[0].Ids.Count(id => Quickstart.Tokenizer.PieceOf(id) == "<end_of_turn>"));
    }

    [Fact]
    public void SplitsBySeed()
    {
        var data = DialogueDataset.Read(Quickstart.Dialogues, Quickstart.Tokenizer);
        var (train, evaluation) = data.Split(0.8, seed: 42);
        Assert.Equal((240, 60), (train.Count, evaluation.Count));
        Assert.Equal(data.Dialogues.Select(d => d.Line).Order(), train.Dialogues.Concat(evaluation.Dialogues).Select(d => d.Line).Order());
        Assert.Equal(train.Fingerprint, data.Split(0.8, seed: 42).Train.Fingerprint);
        Assert.NotEqual(train.Fingerprint, data.Split(0.8, seed: 43).Train.Fingerprint);
        Assert.Same(evaluation.Dialogues[3], evaluation.DialogueOf(3));
        // The choice must never change: checkpoints know their rows by it.
        Assert.Equal([8, 9, 13, 18, 22], evaluation.Dialogues.Take(5).Select(d => d.Line));
    }

    [Fact]
    public void HoldsOutTheLastRows()
    {
        var (train, evaluation) = DialogueDataset.Read(Quickstart.Dialogues, Quickstart.Tokenizer).SplitLast(60);
        Assert.Equal((240, 60, 242), (train.Count, evaluation.Count, evaluation.Dialogues[0].Line));
    }

    [Fact]
    public void RefusesASplitThatLeavesAPartEmpty()
    {
        Assert.Contains("no rows for evaluation", Assert.Throws<DatasetException>(() => One().Split(0.8, 42)).Message, StringComparison.Ordinal);
        Assert.Contains("no rows to train on", Assert.Throws<DatasetException>(() => One().SplitLast(1)).Message, StringComparison.Ordinal);
        Assert.Contains("no rows for evaluation", Assert.Throws<DatasetException>(() => One().SplitLast(0)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => One().Split(1, 42));
    }

    [Fact]
    public void ListsAllOptionsThatAreOutOfRange()
    {
        var error = Assert.Throws<ArgumentException>(() => One(new DialogueOptions { MaxLength = 1, PadToMultipleOf = 0, LossOn = (LossOn)9 }));
        Assert.Contains("MaxLength", error.Message, StringComparison.Ordinal);
        Assert.Contains("PadToMultipleOf", error.Message, StringComparison.Ordinal);
        Assert.Contains("LossOn", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ViewsKeepDialoguesAndHaveFingerprintsOfTheirOwn()
    {
        IDataset<TokenBatch> data = DialogueDataset.Read(Quickstart.Dialogues, Quickstart.Tokenizer);
        var view = data.Take(10);
        Assert.Equal(10, view.Count);
        Assert.NotNull(view.DialogueOf(9));
        Assert.NotEqual(data.Fingerprint, view.Fingerprint);
        Assert.Equal(data.LengthOf(4), data.Select([4, 2]).LengthOf(0));
    }

    [Fact]
    public void SavesTheTokenizersFilesByteForByte()
    {
        using var file = new TemporaryFile("x");
        var folder = Path.GetDirectoryName(file.Path)!;
        Quickstart.Tokenizer.SaveFiles(folder);
        foreach (var name in (string[])["tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(Quickstart.Model, name)), File.ReadAllBytes(Path.Combine(folder, name)));
    }
}
