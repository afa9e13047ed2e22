using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training;
using Socratic.Training.Callbacks;
using Socratic.Training.Data;
using Socratic.Training.Data.Sampling;
using Socratic.Training.Lora;

namespace Socratic.Samples.Tests;

/// <summary>From the reference's initial adapter, fed the reference's batches: every logged loss follows transformers + PEFT.</summary>
[Trait("Kind", "Golden")]
public sealed class QuickstartReferenceTests
{
    [Theory(SkipTestWithoutData = true)]
    [GoldenCases("quickstart")]
    public void EveryLoggedLossFollowsTheReference(GoldenEntry entry) => GoldenReport.Run("quickstart", entry.Name, () =>
    {
        var settings = entry.Json.GetProperty("settings");
        using var folder = new TestFolder();
        using var model = CausalLanguageModel.Load(Host.Model);
        model.LoadAdapter(GoldenRoot.File("quickstart", entry["adapter"]), trainable: true);
        var (train, heldOut) = DialogueDataset.Read(Host.Dialogues, model.Tokenizer).SplitLast(60);
        using var trainer = new ListedBatches(model, Options(settings, folder.Path), train, heldOut, entry.Json.GetProperty("batches"));
        var heldOutLoss = entry.Json.GetProperty("heldout_loss_per_token");
        Close.Relative(heldOutLoss.GetProperty("before").GetDouble(), trainer.Evaluate()["eval_loss_per_token"], 1e-4, "held-out loss before");
        var result = trainer.Train();
        var logs = result.State.LogHistory.OfType<TrainingLogEntry>().ToArray();
        var expected = entry.Json.GetProperty("loss");
        Assert.Equal(expected.GetArrayLength(), logs.Length);
        for (var i = 0; i < logs.Length; i++)
        {
            Assert.Equal(expected[i].GetProperty("step").GetInt32(), logs[i].Step);
            Close.Relative(expected[i].GetProperty("loss").GetDouble(), logs[i].Loss, 1e-4, $"loss of update {logs[i].Step}");
            Close.Relative(expected[i].GetProperty("grad_norm").GetDouble(), logs[i].GradientNorm!.Value, 3e-3, $"gradient norm of update {logs[i].Step}");
            Close.Relative(expected[i].GetProperty("learning_rate").GetDouble(), logs[i].LearningRate, 1e-12, $"rate of update {logs[i].Step}");
        }
        Close.Relative(heldOutLoss.GetProperty("after").GetDouble(), trainer.Evaluate()["eval_loss_per_token"], 1e-4, "held-out loss after");
    });

    private static TrainingOptions Options(JsonElement settings, string output) => new()
    {
        OutputDirectory = output,
        MaxSteps = settings.GetProperty("max_steps").GetInt32(),
        TrainBatchSize = settings.GetProperty("batch_size").GetInt32(),
        LearningRate = settings.GetProperty("learning_rate").GetDouble(),
        Schedule = settings.GetProperty("lr_scheduler_type").Deserialize<LearningRateSchedule>(),
        WarmupSteps = settings.GetProperty("warmup_steps").GetInt32(),
        WeightDecay = settings.GetProperty("weight_decay").GetDouble(),
        MaxGradientNorm = settings.GetProperty("max_grad_norm").GetDouble(),
        LoggingSteps = 10,
        SaveStrategy = SaveStrategy.No,
    };

    private sealed class ListedBatches(CausalLanguageModel model, TrainingOptions options, IDataset<TokenBatch> train, IDataset<TokenBatch> evaluation, JsonElement batches)
        : LanguageModelTrainer(model, options, train, evaluation)
    {
        protected override ISampler CreateSampler() => new Listed(batches);

        private sealed class Listed(JsonElement batches) : ISampler
        {
            public int[] Order(int epoch, int count)
            {
                var all = batches.EnumerateArray().SelectMany(b => b.EnumerateArray().Select(i => i.GetInt32())).ToArray();
                return all[(epoch * count)..((epoch + 1) * count)];
            }
        }
    }
}
