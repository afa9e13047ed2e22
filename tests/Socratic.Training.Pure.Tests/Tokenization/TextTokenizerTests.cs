using System.Buffers;
using CsCheck;
using Socratic.Training.Tests.Data;
using Socratic.Training.Tokenization.Readers;

namespace Socratic.Training.Tests.Tokenization;

public sealed class TextTokenizerTests
{
    private static readonly string[] Odd = ["<bos>", "<eos>", "<pad>", "<unk>", "<start_of_turn>", "<end_of_turn>", "<mask>", "<0x41>", "\n", "\n\n", "  ", "▁", "徳", "問い", "😀", "a", "é", "\t", "\u0301"];

    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.Int[0, Odd.Length - 1].Select(i => Odd[i]),
        Gen.String[Gen.Char['\u0020', '\u30FF'], 0, 6]).Array[0, 12].Select(parts => string.Concat(parts));

    [Fact]
    public void ContentNeverBecomesAControlTokenAndComesBackWhole() => Texts.Sample(text =>
    {
        var ids = Quickstart.Tokenizer.EncodeContent(text);
        return !ids.Any(Quickstart.Tokenizer.IsControl) && (text.Contains('▁') || Quickstart.Tokenizer.Decode(ids) == text);
    }, iter: 3000, threads: 1);

    [Fact]
    public void TokensCoverTheTextInOrder() => Texts.Sample(text =>
    {
        var tokens = Quickstart.Tokenizer.EncodeToTokens(text, out _);
        var reached = 0;
        foreach (var token in tokens)
        {
            if (token.Offset.Start.Value > reached) return false;
            reached = Math.Max(reached, token.Offset.End.Value);
        }
        return reached == text.Length;
    }, iter: 1000, threads: 1);

    [Fact]
    public void ReadsTheSameFromEitherFile()
    {
        using var file = new TemporaryFile("x");
        var folder = Path.GetDirectoryName(file.Path)!;
        foreach (var name in (string[])["tokenizer.model", "tokenizer_config.json"]) File.Copy(Path.Combine(Quickstart.Model, name), Path.Combine(folder, name));
        var other = TextTokenizer.Load(folder);
        Assert.Equal(Quickstart.Tokenizer.VocabularySize, other.VocabularySize);
        Texts.Sample(text => Quickstart.Tokenizer.EncodeContent(text).SequenceEqual(other.EncodeContent(text)) && Quickstart.Tokenizer.EncodeToIds(text).SequenceEqual(other.EncodeToIds(text)), iter: 1000, threads: 1);
    }

    [Fact]
    public void ATemplateGivenByNameMakesItsMarksControlTokens()
    {
        using var file = new TemporaryFile("x");
        var folder = Path.GetDirectoryName(file.Path)!;
        File.Copy(Path.Combine(Quickstart.Model, "tokenizer.model"), Path.Combine(folder, "tokenizer.model"));
        Assert.False(TextTokenizer.Load(folder).HasChatTemplate);
        var tokenizer = TextTokenizer.Load(folder, "gemma2");
        Assert.True(tokenizer.TryGetId("<end_of_turn>", out var id));
        Assert.DoesNotContain(id, tokenizer.EncodeContent("a<end_of_turn>b"));
        Assert.Contains(id, tokenizer.EncodePrompt([ChatMessage.User("a")]));
    }

    [Fact(Timeout = 60_000)]
    public async Task LongTextsTakeTimeInProportion() => await Task.Run(() =>
    {
        // Quadratic merging would take minutes.
        foreach (var text in (string[])[new string('a', 500_000), new string(' ', 500_000), new string('徳', 300_000), string.Concat(Enumerable.Repeat("友情とは何ですか。<", 50_000))])
            Assert.Equal(text, Quickstart.Tokenizer.Decode(Quickstart.Tokenizer.EncodeContent(text)));
    }, TestContext.Current.CancellationToken);

    [Fact]
    public void IsSafeToShareBetweenThreads()
    {
        var texts = Dialogue.ReadFile(Quickstart.Dialogues).Select(d => d.ToString()).ToList();
        var alone = texts.ConvertAll(Quickstart.Tokenizer.EncodeContent);
        var together = texts.AsParallel().AsOrdered().WithDegreeOfParallelism(2).Select(Quickstart.Tokenizer.EncodeContent).ToList();
        for (var i = 0; i < texts.Count; i++) Assert.Equal(alone[i], together[i]);
    }

    [Fact]
    public void ActsAsATokenizerOfTheLibrary()
    {
        Microsoft.ML.Tokenizers.Tokenizer tokenizer = Quickstart.Tokenizer;
        var ids = tokenizer.EncodeToIds("友情とは<end_of_turn>");
        Assert.Equal(ids.Count, tokenizer.CountTokens("友情とは<end_of_turn>"));
        Assert.Equal(ids.Take(2), tokenizer.EncodeToIds("友情とは<end_of_turn>", 2, out _, out var consumed));
        Assert.Equal(tokenizer.EncodeToTokens("友情とは<end_of_turn>", out _)[1].Offset.End.Value, consumed);
        Assert.Throws<NotSupportedException>(() => tokenizer.EncodeToIds("a", considerNormalization: false));
        var buffer = new char[64];
        Assert.Equal(OperationStatus.Done, tokenizer.Decode(ids, buffer, out var read, out var written));
        Assert.Equal((ids.Count, "友情とは<end_of_turn>"), (read, new string(buffer, 0, written)));
        Assert.Equal(OperationStatus.DestinationTooSmall, tokenizer.Decode(ids, buffer.AsSpan(0, 2), out _, out _));
    }

    [Fact]
    public void NamesWhatIsMissing()
    {
        using var file = new TemporaryFile("x");
        Assert.Contains("holds no tokenizer", Assert.Throws<FileNotFoundException>(() => TextTokenizer.Load(Path.GetDirectoryName(file.Path)!)).Message, StringComparison.Ordinal);
        Assert.Throws<DirectoryNotFoundException>(() => TextTokenizer.Load(file.Path));
        Assert.Contains("gemma2", Assert.Throws<ArgumentException>(() => TextTokenizer.Load(Quickstart.Model, "nope")).Message, StringComparison.Ordinal);
        Assert.Contains("999999", Assert.Throws<ArgumentOutOfRangeException>(() => Quickstart.Tokenizer.Decode([5, 999_999])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tokenizer.model")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    public void DamagedFilesGiveOneKindOfError(string name)
    {
        var whole = File.ReadAllBytes(Path.Combine(Quickstart.Model, name));
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte, Gen.Int[0, 3]).Sample(
            damage =>
            {
                var (at, value, kind) = damage;
                var bytes = kind == 0 ? whole[..at] : [.. whole];
                if (kind != 0) bytes[at] = value;
                try
                {
                    Read(name, bytes);
                }
                catch (InvalidDataException)
                {
                }
            },
            iter: 60, threads: 1);
    }

    private static void Read(string name, byte[] bytes)
    {
        using var file = new TemporaryFile("x");
        var folder = Path.GetDirectoryName(file.Path)!;
        File.WriteAllBytes(Path.Combine(folder, name), bytes);
        if (name == TokenizerFiles.Config) File.Copy(Path.Combine(Quickstart.Model, "tokenizer.model"), Path.Combine(folder, "tokenizer.model"));
        TextTokenizer.Load(folder);
    }
}
