using System.Text.Json;
using System.Text.Json.Serialization;
using Socratic.Testing.Golden;
using Socratic.Training.Optimization.Schedules;

namespace Socratic.Training.Pure.Tests.Optimization.Schedules;

public sealed class GoldenScheduleTests
{
    private const double Tolerance = 1e-12;

    private static readonly JsonSerializerOptions Strict = new() { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    [Theory(SkipTestWithoutData = true), GoldenCases("trainer", "schedules")]
    [Trait("Kind", "Golden")]
    public void Schedules_give_the_references_rates(GoldenEntry entry) => GoldenReport.Run("trainer", entry.Name, () =>
    {
        foreach (var file in entry.Json.GetProperty("files").EnumerateArray())
        {
            var data = GoldenRoot.Json(GoldenRoot.File("trainer", entry["folder"], file.GetString()!));
            foreach (var schedule in data.GetProperty("schedules").EnumerateArray()) CheckSteps(schedule);
            foreach (var schedule in data.GetProperty("metric_schedules").EnumerateArray()) CheckMetrics(schedule);
            foreach (var warmup in data.GetProperty("warmup").EnumerateArray()) CheckWarmup(warmup);
        }
    });

    private static void CheckSteps(JsonElement data)
    {
        var rate = data.GetProperty("learning_rate").GetDouble();
        var schedule = Create(data, data.GetProperty("warmup_steps").GetInt64(), data.GetProperty("total_steps").GetInt64());
        var expected = data.GetProperty("lr");
        for (var step = 0; step < expected.GetArrayLength(); step++)
            Close.Relative(expected[step].GetDouble(), rate * schedule.Factor(step), Tolerance, $"{Describe(data)}, step {step}", floor: rate * 1e-6);
    }

    private static void CheckMetrics(JsonElement data)
    {
        var rate = data.GetProperty("learning_rate").GetDouble();
        var schedule = Assert.IsAssignableFrom<IMetricSchedule>(Create(data, 0, 0));
        var (values, expected) = (data.GetProperty("metric_values"), data.GetProperty("lr_after_each"));
        Assert.Equal(values.GetArrayLength(), expected.GetArrayLength());
        for (var i = 0; i < values.GetArrayLength(); i++)
        {
            // A schedule that was saved and read anew goes on as if nothing had been.
            var next = Assert.IsAssignableFrom<IMetricSchedule>(Create(data, 0, 0));
            next.LoadState(schedule.State);
            schedule = next;
            schedule.Report(values[i].GetDouble());
            Close.Relative(expected[i].GetDouble(), rate * schedule.Factor(i), Tolerance, $"{Describe(data)}, after value {i}");
        }
    }

    private static void CheckWarmup(JsonElement data)
    {
        var (argument, total) = (data.GetProperty("warmup_steps_argument").GetDouble(), data.GetProperty("total_steps").GetInt64());
        var expected = data.GetProperty("warmup_steps").GetInt64();
        Assert.True(expected == WarmupLength.FromArgument(argument, total), $"warm-up {argument} of {total}: {WarmupLength.FromArgument(argument, total)}, expected {expected}");
    }

    private static ILearningRateSchedule Create(JsonElement data, long warmup, long total) => Training.Optimization.Schedules.Schedules.Create(
        data.GetProperty("type").Deserialize<LearningRateSchedule>(), data.GetProperty("kwargs").Deserialize<ScheduleOptions>(Strict), data.GetProperty("learning_rate").GetDouble(), warmup, total);

    private static string Describe(JsonElement data)
        => $"{data.GetProperty("type")} {data.GetProperty("kwargs")}" + (data.TryGetProperty("total_steps", out var total) ? $" T {total} W {data.GetProperty("warmup_steps")}" : "");
}
