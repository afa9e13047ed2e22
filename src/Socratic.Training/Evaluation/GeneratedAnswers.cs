using Socratic.Training.Data;
using static TorchSharp.torch;

namespace Socratic.Training.Evaluation;

/// <summary>Scores what the model says by itself: the first rows up to their first answer are prompts, answered greedily, and the answers are scored as texts.</summary>
internal static class GeneratedAnswers
{
    private const string Prefix = "generated_";

    internal static IReadOnlyList<KeyValuePair<string, double>> Score(CausalLanguageModel model, IDataset<TokenBatch> data, TrainingOptions options)
    {
        var prompts = Enumerable.Range(0, Math.Min(options.GeneratedPrompts, data.Count)).Select(row => Prompt(data, row)).Where(ids => ids.Count > 0).ToArray();
        var tally = new StyleTally(options.StyleProfile);
        foreach (var answer in model.GenerateBatch(prompts, new GenerationOptions { MaxNewTokens = options.GeneratedTokens }))
            tally.Add(model.Tokenizer.Decode(answer, skipSpecial: true).Trim());
        return tally.Texts == 0 ? [] : tally.Values(Prefix);
    }

    /// <summary>The ids before the first label: the conversation up to where the model is to speak. None where a row is trained from its start.</summary>
    private static List<int> Prompt(IDataset<TokenBatch> data, int row)
    {
        using var scope = NewDisposeScope();
        using var batch = data.Collate([row]);
        var labels = batch.Labels.data<long>();
        var ids = batch.InputIds.data<long>();
        var prompt = new List<int>();
        for (var t = 0; t < batch.Length && labels[t] == TokenBatch.IgnoreLabel; t++) prompt.Add((int)ids[t]);
        return prompt.Count == batch.Length ? [] : prompt;
    }
}
