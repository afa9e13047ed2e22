using System.Text.Json.Nodes;
using Socratic.Testing.Golden;
using Socratic.Training.Checkpointing;

namespace Socratic.Training.Pure.Tests.Checkpointing;

public sealed class TrainerStateFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("state-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory(SkipTestWithoutData = true), GoldenCases("trainer", "checkpoint")]
    [Trait("Kind", "Golden")]
    public void The_reference_s_file_is_reproduced_byte_for_byte(GoldenEntry entry) => GoldenReport.Run("trainer", entry.Name, () =>
    {
        foreach (var file in entry.Json.GetProperty("files").EnumerateArray().Select(f => f.GetString()!).Where(f => Path.GetFileName(f) == TrainerStateFile.FileName))
        {
            var path = GoldenRoot.File("trainer", entry["folder"], file);
            Assert.Equal(File.ReadAllText(path), TrainerStateFile.Read(path).Write());
        }
    });

    [Fact]
    public void Every_value_comes_back()
    {
        var state = new TrainerStateFile
        {
            BestGlobalStep = 40, BestMetric = 0.1 + 0.2, BestModelCheckpoint = "出力/checkpoint-40", Epoch = 1.5, EvalSteps = 20, GlobalStep = 60, LoggingSteps = 7, MaxSteps = 120,
            NumInputTokensSeen = 5_000_000_000, NumTrainEpochs = 3, SaveSteps = 20, TotalFlos = 1e18, TrainBatchSize = 2, TrialName = "t", TrialParams = new JsonObject { ["lr"] = 1e-4 },
            LogHistory = [new JsonObject { ["step"] = 1, ["loss"] = double.NaN }, new JsonObject { ["step"] = 2, ["loss"] = 1e-5, ["grad_norm"] = double.PositiveInfinity }],
            StatefulCallbacks = new JsonObject { ["a"] = new JsonObject { ["args"] = new JsonObject() } }, IsHyperParamSearch = true, IsLocalProcessZero = false, IsWorldProcessZero = false,
        };
        var text = state.Write();
        Assert.Equal(text, Read(text).Write());
        var read = Read(text);
        Assert.Equal((40, 0.1 + 0.2, "出力/checkpoint-40", 1.5, 60), (read.BestGlobalStep, read.BestMetric, read.BestModelCheckpoint, read.Epoch, read.GlobalStep));
        Assert.True(double.IsNaN(read.LogHistory[0]["loss"]!.GetValue<double>()));
        Assert.Equal(1e-5, read.LogHistory[1]["loss"]!.GetValue<double>());
    }

    [Fact]
    public void Only_the_reference_s_keys_are_written()
    {
        string[] facts =
        [
            "epoch", "global_step", "max_steps", "logging_steps", "eval_steps", "save_steps", "train_batch_size", "num_train_epochs", "num_input_tokens_seen", "total_flos",
            "log_history", "best_metric", "best_global_step", "best_model_checkpoint", "is_local_process_zero", "is_world_process_zero", "is_hyper_param_search",
            "trial_name", "trial_params", "stateful_callbacks",
        ];
        Assert.Equal(facts.Order(), JsonNode.Parse(new TrainerStateFile().Write())!.AsObject().Select(p => p.Key).Order());
    }

    [Fact]
    public void Keys_may_be_missing_or_new() => Assert.Equal((7, 500), (Read("""{"global_step": 7, "invented_later": [1]}""").GlobalStep, Read("{}").SaveSteps));

    [Theory]
    [InlineData("""{"global_step": "7"}""", "'global_step': found \"7\", expected a number.")]
    [InlineData("""{"global_step": 7.5}""", "'global_step': found 7.5, expected a whole number.")]
    [InlineData("""{"global_step": 9999999999}""", "'global_step': found 9999999999, expected a whole number.")]
    [InlineData("""{"global_step": -1}""", "'global_step': found -1, expected a whole number.")]
    [InlineData("""{"epoch": [1]}""", "'epoch': found [1], expected a number.")]
    [InlineData("""{"log_history": [1]}""", "'log_history': found [1], expected a list of objects.")]
    [InlineData("""{"best_model_checkpoint": 3}""", "'best_model_checkpoint': found 3, expected a text.")]
    [InlineData("""{"is_world_process_zero": "no"}""", "'is_world_process_zero': found \"no\", expected true or false.")]
    [InlineData("[]", "found no JSON object")]
    [InlineData("{", "not valid JSON")]
    [InlineData("", "not valid JSON")]
    public void A_bad_file_is_refused_by_name_and_key(string text, string message)
    {
        var error = Assert.Throws<IOException>(() => Read(text));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains(TrainerStateFile.FileName, error.Message, StringComparison.Ordinal);
    }

    private TrainerStateFile Read(string text)
    {
        var path = Path.Combine(folder, TrainerStateFile.FileName);
        File.WriteAllText(path, text);
        return TrainerStateFile.Read(path);
    }
}
