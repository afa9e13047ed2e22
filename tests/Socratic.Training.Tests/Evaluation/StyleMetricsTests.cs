using Socratic.Testing;
using Socratic.Training.Data;
using Socratic.Training.Evaluation;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Evaluation;

public sealed class StyleMetricsTests
{
    private const int EndOfTurn = 9;

    private static readonly string[] Words = ["", "それは何", "でしょうか", "。", "なぜ", "そう", "です"];

    [Fact]
    public void Scores_each_predicted_turn_as_one_text()
    {
        var seen = new List<string>();
        var metrics = Metrics(seen);
        using var batch = Batch(2, 6);
        using var predictions = tensor(new long[] { -100, 1, 2, 3, EndOfTurn, -100, 4, 5, -100, 5, 6, -100 }, 2, 6);
        metrics.Add(batch, new StepOutput(Loss.Mean(predictions), predictions));
        Assert.Equal(["それは何でしょうか。", "なぜそう", "そうです"], seen);

        var values = metrics.Compute().ToDictionary();
        Assert.Equal(["style_consistency", "dialogue_flow", "combined_score", "question_word_share", "question_ending_share"], metrics.Compute().Select(v => v.Key));
        var expected = seen.ConvertAll(StyleProfile.SocraticJapanese.Score);
        Assert.Equal(expected.Average(s => s.StyleConsistency), values["style_consistency"], 12);
        Assert.Equal(expected.Average(s => s.DialogueFlow), values["dialogue_flow"], 12);
        Assert.Equal(0.6 * values["style_consistency"] + 0.4 * values["dialogue_flow"], values["combined_score"], 12);
        Assert.Equal(1 / 3.0, values["question_word_share"], 12);
        Assert.Equal(1 / 3.0, values["question_ending_share"], 12);

        metrics.Reset();
        Assert.All(metrics.Compute(), v => Assert.True(double.IsNaN(v.Value)));
    }

    [Fact]
    public void A_models_own_tokenizer_gives_the_texts_without_turn_ends_and_unknown_rows()
    {
        var tokenizer = TextTokenizer.Load(Path.Combine(RepositoryRoot.Path, "samples", "Quickstart", "model", "socratic-tiny-ja"));
        const string Said = "それは本当でしょうか。";
        Assert.True(tokenizer.TryGetId(tokenizer.ChatTemplate.EndOfTurn, out var end));
        long[] ids = [.. tokenizer.EncodeContent(Said).Select(id => (long)id), end, tokenizer.VocabularySize + 5];
        var metrics = new StyleMetrics(StyleProfile.SocraticJapanese, tokenizer);
        using var batch = Batch(1, ids.Length + 1);
        using var predictions = tensor(ids.Append(-100).ToArray(), 1, ids.Length + 1);
        metrics.Add(batch, new StepOutput(Loss.Mean(predictions), predictions));
        Assert.Equal(StyleProfile.SocraticJapanese.Score(Said).Combined, metrics.Compute().ToDictionary()["combined_score"], 12);
    }

    [Fact]
    public void Leaves_no_tensors_behind()
    {
        var metrics = Metrics([]);
        using var batch = Batch(1, 3);
        using var predictions = tensor(new long[] { 1, 2, -100 }, 1, 3);
        var before = Tensor.TotalCount;
        metrics.Add(batch, new StepOutput(Loss.Mean(predictions), predictions));
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Missing_or_misshapen_predictions_are_errors()
    {
        var metrics = Metrics([]);
        using var batch = Batch(1, 3);
        using var predictions = tensor(new long[] { 1, 2 }, 1, 2);
        Assert.Contains("EvaluationStep returned none", Assert.Throws<ArgumentException>(() => metrics.Add(batch, new StepOutput(Loss.Mean(predictions)))).Message, StringComparison.Ordinal);
        Assert.Contains("[1, 2], expected [1, 3]", Assert.Throws<ArgumentException>(() => metrics.Add(batch, new StepOutput(Loss.Mean(predictions), predictions))).Message, StringComparison.Ordinal);
    }

    private static StyleMetrics Metrics(List<string> seen) => new(StyleProfile.SocraticJapanese, ids =>
    {
        var text = string.Concat(ids.Select(id => Words[id]));
        seen.Add(text);
        return text;
    }, [EndOfTurn]);

    private static TokenBatch Batch(int rows, int length)
        => new(zeros(rows, length, ScalarType.Int64), zeros(rows, length, ScalarType.Int64), AttentionLayout.Full(rows, length), [.. Enumerable.Range(0, rows)], rows * (length - 1));
}
