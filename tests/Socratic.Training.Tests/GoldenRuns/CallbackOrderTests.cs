using System.Text.Json;
using Socratic.Testing.Golden;

namespace Socratic.Training.Tests.GoldenRuns;

/// <summary>Every event of small runs in the reference's order, with the flags set on entry; and what each control flag does.</summary>
[Trait("Kind", "Golden")]
public sealed class CallbackOrderTests
{
    [Theory(SkipTestWithoutData = true)]
    [GoldenCases("trainer", "callbacks")]
    public void EventsAndFlagsEqualTheReference(GoldenEntry entry) => GoldenReport.Run("trainer", entry.Name, () =>
    {
        var index = GoldenRoot.Json(GoldenRoot.File("trainer", "callbacks.json"));
        foreach (var run in index.GetProperty("runs").EnumerateArray()) Events(run);
        foreach (var run in index.GetProperty("control_flags").EnumerateArray()) Flags(run);
    });

    private static void Events(JsonElement expected)
    {
        var name = expected.GetProperty("name").GetString()!;
        var (recorder, _, result, folders) = Run(expected, []);
        // predict() has no counterpart: evaluating other rows is Evaluate(data, prefix), with its own event.
        var events = expected.GetProperty("events").EnumerateArray().ToList();
        events = [.. events.Take(events.FindIndex(e => e.GetProperty("event").GetString() == "train_end") + 1)];
        Assert.Equal(events.Select(e => $"{e.GetProperty("event")}@{e.GetProperty("global_step")}"), recorder.Entries.Select(e => $"{e.Event}@{e.Step}"));
        for (var i = 0; i < events.Count; i++)
        {
            var (want, got) = (events[i], recorder.Entries[i]);
            var what = $"{name}, event {i} ({got.Event}@{got.Step})";
            Close.Absolute(want.GetProperty("epoch").GetDouble(), got.Epoch, 1e-15, what + ", epoch");
            Assert.True(Texts(want.GetProperty("control")).Order(StringComparer.Ordinal).SequenceEqual(got.Control), $"{what}: flags {string.Join(",", got.Control)}, expected {want.GetProperty("control")}");
            if (want.TryGetProperty("lr", out var rate)) Close.Relative(rate.GetDouble(), got.LearningRate, 1e-12, what + ", rate", floor: 1e-300);
            if (want.TryGetProperty("has_gradient", out var gradient)) Assert.True(gradient.GetBoolean() == got.HasGradient, what + ", gradient");
            if (want.TryGetProperty("training_mode", out var mode)) Assert.True(mode.GetBoolean() == got.TrainingMode, what + ", training mode");
            if (want.TryGetProperty("log_keys", out var keys)) Assert.Equal(Texts(keys).Order(StringComparer.Ordinal), got.Keys.Order(StringComparer.Ordinal));
        }
        Assert.Equal(Texts(expected.GetProperty("checkpoints_at_the_end")), folders);
        Assert.Equal(TrainingOutcome.Completed, result.Outcome);
    }

    private static void Flags(JsonElement expected)
    {
        var about = expected.GetProperty("about").GetString()!;
        var rules = expected.GetProperty("rules").EnumerateArray()
            .Select(r => new FlagRule(r.GetProperty("event").GetString()!, r.GetProperty("occurrence").GetInt32(), r.GetProperty("flag").GetString()!, r.GetProperty("value").GetBoolean())).ToArray();
        var (recorder, record, result, folders) = Run(expected, rules);
        Assert.True(
            Texts(expected.GetProperty("events")).Select(e => e.Split(' ')[0]).SequenceEqual(recorder.Entries.Select(e => $"{e.Event}@{e.Step}")),
            $"{about}: {string.Join(" ", recorder.Entries.Select(e => $"{e.Event}@{e.Step}"))}");
        Assert.Equal(expected.GetProperty("global_step").GetInt32(), result.State.GlobalStep);
        Close.Absolute(expected.GetProperty("epoch").GetDouble(), result.State.Epoch, 1e-15, about);
        Assert.Equal(Texts(expected.GetProperty("checkpoints")), folders);
        Assert.Equal(expected.GetProperty("micro_batches").EnumerateArray().Select(m => m.ToString()), record.MicroBatches.Select(m => $"[{string.Join(", ", m.Indices)}]"));
        Norms(expected, record, about);
        Assert.Equal(expected.GetProperty("logged_steps").EnumerateArray().Select(s => s.GetInt32()), result.State.LogHistory.Select(l => l.Step));
    }

    /// <summary>Where an epoch is stopped inside a window the reference leaves its gradient to the next window: a flaw, which ours does not have, so norms agree only before it.</summary>
    private static void Norms(JsonElement expected, RecordedRun record, string about)
    {
        var norms = expected.GetProperty("grad_norms").EnumerateArray().Select(n => n.GetDouble()).ToArray();
        Assert.Equal(norms.Length, record.Updates.Count);
        var full = record.MicroBatches.GroupBy(m => m.Update).ToDictionary(g => g.Key, g => g.Count() == g.First().Window);
        var cut = full.Where(u => !u.Value).Select(u => u.Key).DefaultIfEmpty(int.MaxValue).Min();
        for (var i = 0; i < norms.Length && record.Updates[i].GlobalStep < cut; i++) Close.Relative(norms[i], record.Updates[i].GradientNorm, 3e-4, $"{about}, norm {i}");
    }

    private static (EventRecorder Recorder, RecordedRun Record, TrainingResult Result, string[] Folders) Run(JsonElement expected, IReadOnlyList<FlagRule> rules)
    {
        using var output = new TestFolder();
        var data = GoldenRoot.Json(GoldenRoot.File("trainer", "callbacks_data.json"));
        using var module = ToyModule.Load(GoldenRoot.File("trainer", "callbacks_model.safetensors"), width: null, dropout: 0);
        var recorder = new EventRecorder(rules) { Module = module };
        var record = new RecordedRun();
        using var trainer = new ToyTrainer(
            module, RunFiles.Options(expected.GetProperty("training_arguments"), output.Path), ToyData.Read(data.GetProperty("train")), ToyData.Read(data.GetProperty("eval")), null, record, [recorder]);
        recorder.LearningRate = () => trainer.NextLearningRate;
        var result = trainer.Train();
        var folders = Directory.GetDirectories(output.Path, "checkpoint-*").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal).ToArray();
        return (recorder, record, result, folders);
    }

    private static string[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(v => v.GetString()!)];
}
