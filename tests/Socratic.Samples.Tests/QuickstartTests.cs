using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Socratic.Testing.Golden;
using Socratic.Training;
using Socratic.Training.Lora;

namespace Socratic.Samples.Tests;

public sealed partial class QuickstartTests
{
    private const string Adapter = "adapter_model.safetensors";

    [Fact]
    public void ItLearnsToAskBackSurvivesKillsAndLeavesACompleteRunAlone()
    {
        using var folder = new TestFolder();
        var undisturbed = Host.Run(folder.Path, "--output", "whole");
        Assert.True(undisturbed.ExitCode == 0, undisturbed.Error);
        Assert.Equal(3, AnswersAfter().Count(undisturbed.Output));
        Assert.Contains("Adapter read back from disk: its logits are within 0 of the trained model's", undisturbed.Output, StringComparison.Ordinal);
        AsksBack(Path.Combine(folder.Path, "whole"));
        Assert.InRange(Summary(Path.Combine(folder.Path, "whole")).GetProperty("peak_host_memory_bytes").GetInt64(), 1, 1_000_000_000);

        // Killed after several different checkpoints: each restart says where it goes on, and the end is the same to the byte.
        Assert.NotNull(Host.KillAt(folder.Path, "checkpoint-20", "--output", "killed"));
        Assert.Contains("Going on from checkpoint-20: update 20 of 120.", Host.KillAt(folder.Path, "checkpoint-60", "--output", "killed"), StringComparison.Ordinal);
        Assert.Contains("Going on from checkpoint-60", Host.KillAt(folder.Path, "checkpoint-100", "--output", "killed"), StringComparison.Ordinal);
        var last = Host.Run(folder.Path, "--output", "killed");
        Assert.True(last.ExitCode == 0, last.Error);
        Assert.Contains("Going on from checkpoint-100", last.Output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder.Path, "whole", Adapter)), File.ReadAllBytes(Path.Combine(folder.Path, "killed", Adapter)));

        var before = Host.Hash(Path.Combine(folder.Path, "whole"));
        var second = Host.Run(folder.Path, "--output", "whole");
        Assert.Equal(0, second.ExitCode);
        Assert.Equal(2, second.Output.Split("complete").Length);
        Assert.Contains("--fresh", second.Output, StringComparison.Ordinal);
        Assert.Equal(3, Answers().Count(second.Output));
        Assert.Equal(before, Host.Hash(Path.Combine(folder.Path, "whole")));

        Assert.NotNull(Host.KillAt(folder.Path, "checkpoint-20", "--output", "whole", "--fresh"));
        Assert.Equal(["checkpoint-20"], Directory.GetDirectories(Path.Combine(folder.Path, "whole"), "checkpoint-*").Select(Path.GetFileName));
    }

    [Fact]
    public void AnInterruptSavesAndASecondRunGoesOnFromThere()
    {
        using var folder = new TestFolder();
        var stopped = Host.InterruptAt(folder.Path, ["10 / 30"], "--steps", "30", "--output", "out");
        Assert.Equal(1, stopped.ExitCode);
        Assert.Equal("", stopped.Error);
        var saved = Directory.GetDirectories(Path.Combine(folder.Path, "out"), "checkpoint-*").Select(c => int.Parse(c[(c.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture)).Max();
        Assert.Contains($"Stopped after update {saved} of 30", stopped.Output, StringComparison.Ordinal);
        var last = Host.Run(folder.Path, "--steps", "30", "--output", "out");
        Assert.True(last.ExitCode == 0, last.Error);
        Assert.Contains($"Going on from checkpoint-{saved}: update {saved} of 30.", last.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void ASecondInterruptEndsAtOnce()
    {
        using var folder = new TestFolder();
        var ended = Host.InterruptAt(folder.Path, ["10 / 120", "Stopping"], "--output", "out");
        Assert.Equal(128 + 2, ended.ExitCode);
    }

    [Fact]
    public void AFailureIsOneSentenceOnTheConsoleAndWholeInTheLog()
    {
        using var folder = new TestFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "out"));
        File.WriteAllText(Path.Combine(folder.Path, "out", "checkpoint-5"), "in the way");
        var failed = Host.Run(folder.Path, "--steps", "5", "--output", "out");
        Assert.Equal(1, failed.ExitCode);
        Assert.StartsWith("Error: ", failed.Error, StringComparison.Ordinal);
        Assert.Contains("checkpoint-5", failed.Error, StringComparison.Ordinal);
        Assert.Contains("training_log.txt", failed.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", failed.Output + failed.Error, StringComparison.Ordinal);
        var log = File.ReadAllText(Path.Combine(folder.Path, "out", "training_log.txt"));
        Assert.Contains("   at Socratic.Training", log, StringComparison.Ordinal);
        Assert.Contains("Last dialogue that trained:", log, StringComparison.Ordinal);
        Assert.Equal("failed", Summary(Path.Combine(folder.Path, "out")).GetProperty("status").GetString());
    }

    private static JsonElement Summary(string output) => GoldenRoot.Json(Path.Combine(output, "training_progress", "training_summary.json"));

    /// <summary>The held-out loss within 5% of the reference's, and at least 90% of the greedy answers to held-out questions end by asking.</summary>
    private static void AsksBack(string output)
    {
        using var model = CausalLanguageModel.Load(Host.Model);
        model.LoadAdapter(output);
        var (_, heldOut) = DialogueDataset.Read(Host.Dialogues, model.Tokenizer).SplitLast(60);
        using var trainer = new LanguageModelTrainer(model, new TrainingOptions { OutputDirectory = output }, heldOut, heldOut);
        var reference = GoldenRoot.Json(Path.Combine(Testing.RepositoryRoot.Path, "tests", "golden", "quickstart", "cases.json")).GetProperty("cases")[0];
        Close.Relative(reference.GetProperty("heldout_loss_per_token").GetProperty("after").GetDouble(), trainer.Evaluate()["eval_loss_per_token"], 0.05, "held-out loss");
        var questions = Enumerable.Range(0, heldOut.Count).Select(i => new[] { ChatMessage.User(heldOut.DialogueOf(i)!.Messages[0].Content) }).ToArray();
        var answers = model.AnswerBatch(questions, new GenerationOptions { MaxNewTokens = 80 });
        var asking = answers.Count(EndsByAsking);
        Assert.True(asking >= 0.9 * answers.Count, $"{asking} of {answers.Count} answers end by asking");
    }

    /// <summary>The rule of shared/models/make/quickstart_reference.py: the last sentence ends in か, かね or a question mark.</summary>
    private static bool EndsByAsking(string answer)
    {
        var last = Sentences().Split(answer.Trim().TrimEnd('」', '』')).LastOrDefault(s => !string.IsNullOrWhiteSpace(s)) ?? "";
        return Question().IsMatch(last);
    }

    [GeneratedRegex(@"^  after   \S", RegexOptions.Multiline)]
    private static partial Regex AnswersAfter();

    [GeneratedRegex(@"^  answer  \S", RegexOptions.Multiline)]
    private static partial Regex Answers();

    [GeneratedRegex("(?<=[。！？?])")]
    private static partial Regex Sentences();

    [GeneratedRegex("(か|かね)[。？?]?$|[？?]$")]
    private static partial Regex Question();
}
