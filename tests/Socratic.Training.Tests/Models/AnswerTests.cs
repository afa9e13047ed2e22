using Socratic.Testing;

namespace Socratic.Training.Tests.Models;

/// <summary>Answers of the quickstart's model.</summary>
public sealed class AnswerTests
{
    private static readonly string Folder = Path.Combine(RepositoryRoot.Path, "samples", "Quickstart", "model", "socratic-tiny-ja");

    [Fact]
    public void Pieces_of_a_streamed_answer_are_the_answer()
    {
        using var model = CausalLanguageModel.Load(Folder);
        Assert.Contains(model.Config.StopIds, id => model.Tokenizer.PieceOf(id) == model.Tokenizer.ChatTemplate.EndOfTurn);
        foreach (var question in new[] { "友情とは何ですか。", "どうして勉強をしなければならないのですか？", "🤔" })
        {
            ChatMessage[] messages = [ChatMessage.User(question)];
            var options = new GenerationOptions { MaxNewTokens = 40 };
            var answer = model.Answer(messages, options);
            var pieces = model.StreamAnswer(messages, options).ToList();
            Assert.True(pieces.Count > 1);
            Assert.Equal(answer, string.Concat(pieces).Trim());
        }
    }

    [Fact]
    public void The_same_seed_draws_the_same_answers_and_leaves_torch_alone()
    {
        using var model = CausalLanguageModel.Load(Folder);
        IReadOnlyList<ChatMessage>[] conversations = [[ChatMessage.User("幸せとは何でしょうか。")], [ChatMessage.User("旅に出たいと思っています。")]];
        var options = new GenerationOptions { MaxNewTokens = 30, Temperature = 1, TopP = 0.95, Seed = 7 };
        using var before = TorchSharp.torch.get_rng_state();
        var answers = model.AnswerBatch(conversations, options);
        Assert.Equal(answers, model.AnswerBatch(conversations, options));
        Assert.NotEqual(answers, model.AnswerBatch(conversations, options with { Seed = 8 }));
        using var after = TorchSharp.torch.get_rng_state();
        Assert.Equal(before.data<byte>().ToArray(), after.data<byte>().ToArray());
    }

    [Fact]
    public void Training_mode_is_what_it_was()
    {
        using var model = CausalLanguageModel.Load(Folder);
        foreach (var training in new[] { true, false })
        {
            model.train(training);
            _ = model.Generate([2, 13], new GenerationOptions { MaxNewTokens = 2 });
            Assert.Equal(training, model.training);
        }
    }

    [Theory]
    [InlineData(0, 0.0, 1.0, "MaxNewTokens")]
    [InlineData(5, -1.0, 1.0, "Temperature")]
    [InlineData(5, double.NaN, 0.0, "Temperature", "TopP")]
    public void Options_out_of_range_are_named_all_at_once(int tokens, double temperature, double topP, params string[] names)
    {
        var error = Assert.Throws<ArgumentException>(new GenerationOptions { MaxNewTokens = tokens, Temperature = temperature, TopP = topP }.Validate);
        Assert.All(names, name => Assert.Contains(name, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Prompts_that_cannot_be_continued_are_refused()
    {
        using var model = CausalLanguageModel.Load(Folder);
        Assert.Contains("empty", Assert.Throws<ArgumentException>(() => model.Generate([])).Message, StringComparison.Ordinal);
        Assert.Contains("99999", Assert.Throws<ArgumentException>(() => model.GenerateBatch([[2], [2, 99999]])).Message, StringComparison.Ordinal);
    }
}
