using System.Reflection;
using System.Text.Json.Serialization;

namespace Socratic.Training;

/// <summary>
/// What a <see cref="LearningRateSchedule"/> can be told beyond warm-up and length. Each property belongs to some schedules only; null is that schedule's default.
/// The JSON names are Hugging Face's <c>lr_scheduler_kwargs</c>.
/// </summary>
public sealed record ScheduleOptions
{
    /// <summary>Periods of the cosine: 0.5 falls once to the end (default); with restarts the number of falls (default 1); also the decay of warmup-stable-decay (0.5).</summary>
    [JsonPropertyName("num_cycles")]
    public double? Cycles { get; init; }

    /// <summary>The exponent of a polynomial; default 1.</summary>
    [JsonPropertyName("power")]
    public double? Power { get; init; }

    /// <summary>Where a polynomial ends; default 1e-7.</summary>
    [JsonPropertyName("lr_end")]
    public double? EndLearningRate { get; init; }

    /// <summary>The time scale of the inverse square root, in updates; default the warm-up, or 10,000 without one.</summary>
    [JsonPropertyName("timescale")]
    public double? TimeScale { get; init; }

    /// <summary>The lowest rate: of the cosines with a minimum (default 0), on a plateau (0), greedy (1e-3).</summary>
    [JsonPropertyName("min_lr")]
    public double? MinimumRate { get; init; }

    /// <summary>The same as a share of the base rate, for the cosines with a minimum; wins over <see cref="MinimumRate"/>.</summary>
    [JsonPropertyName("min_lr_rate")]
    public double? MinimumRatio { get; init; }

    /// <summary>Where the warm-up of the cosine one step ahead starts, as a share of the base rate; default 1 / warm-up steps.</summary>
    [JsonPropertyName("warmup_lr_rate")]
    public double? WarmupStartRatio { get; init; }

    /// <summary>Updates of the decay of warmup-stable-decay; it must be given.</summary>
    [JsonPropertyName("num_decay_steps")]
    public long? DecaySteps { get; init; }

    /// <summary>Updates of warmup-stable-decay at the base rate; default all that warm-up and decay leave.</summary>
    [JsonPropertyName("num_stable_steps")]
    public long? StableSteps { get; init; }

    /// <summary>The shape of the warm-up of warmup-stable-decay; default linear.</summary>
    [JsonPropertyName("warmup_type")]
    public ScheduleShape? WarmupShape { get; init; }

    /// <summary>The shape of the decay of warmup-stable-decay; default cosine.</summary>
    [JsonPropertyName("decay_type")]
    public ScheduleShape? DecayShape { get; init; }

    /// <summary>The lowest rate of warmup-stable-decay as a share of the base rate; default 0.</summary>
    [JsonPropertyName("min_lr_ratio")]
    public double? StableMinimumRatio { get; init; }

    /// <summary>Whether the metric is to fall or to rise; default <see cref="MetricMode.Minimum"/>.</summary>
    [JsonPropertyName("mode")]
    public MetricMode? Mode { get; init; }

    /// <summary>What the rate is multiplied by, below 1: on a plateau (default 0.1), greedy (0.95; raised by dividing).</summary>
    [JsonPropertyName("factor")]
    public double? ReductionFactor { get; init; }

    /// <summary>Evaluations that are waited for before the rate changes; default 10.</summary>
    [JsonPropertyName("patience")]
    public int? Patience { get; init; }

    /// <summary>What counts as an improvement: default 1e-4 (plateau), 1e-6 (greedy).</summary>
    [JsonPropertyName("threshold")]
    public double? Threshold { get; init; }

    /// <summary>Whether the threshold is a share of the best value (plateau's default) or a difference (greedy's).</summary>
    [JsonPropertyName("threshold_mode")]
    public ThresholdMode? ThresholdMode { get; init; }

    /// <summary>Evaluations that are ignored after the rate was lowered; default 0.</summary>
    [JsonPropertyName("cooldown")]
    public int? Cooldown { get; init; }

    /// <summary>A change of the rate not above this is not made; default 1e-8.</summary>
    [JsonPropertyName("eps")]
    public double? MinimumChange { get; init; }

    /// <summary>Evaluations that greedy ignores after the rate was raised; default 0.</summary>
    [JsonPropertyName("warmup")]
    public int? RaiseCooldown { get; init; }

    /// <summary>The highest rate of greedy; default 1.</summary>
    [JsonPropertyName("max_lr")]
    public double? MaximumRate { get; init; }

    /// <summary>Whether greedy compares the mean of the last values; default false.</summary>
    [JsonPropertyName("smooth")]
    public bool? Smooth { get; init; }

    /// <summary>How many values that mean covers; default 50.</summary>
    [JsonPropertyName("window_size")]
    public int? WindowSize { get; init; }

    /// <summary>How often greedy wants to go below the lowest rate before it starts anew; default 500.</summary>
    [JsonPropertyName("reset_start")]
    public int? ResetAfter { get; init; }

    /// <summary>The options that are set, under Hugging Face's names.</summary>
    internal IEnumerable<(string Name, object Value)> Given() => typeof(ScheduleOptions).GetProperties()
        .Select(p => (p.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name, Value: p.GetValue(this)))
        .Where(p => p.Name is not null && p.Value is not null)
        .Select(p => (p.Name!, p.Value!));
}

/// <summary>How a phase of warmup-stable-decay runs.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ScheduleShape>))]
public enum ScheduleShape
{
    /// <summary>A straight line.</summary>
    [JsonStringEnumMemberName("linear")]
    Linear,

    /// <summary>Half a cosine.</summary>
    [JsonStringEnumMemberName("cosine")]
    Cosine,

    /// <summary>One minus the square root.</summary>
    [JsonStringEnumMemberName("1-sqrt")]
    OneMinusSquareRoot,
}

/// <summary>Which values of a metric are better.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MetricMode>))]
public enum MetricMode
{
    /// <summary>Smaller ones.</summary>
    [JsonStringEnumMemberName("min")]
    Minimum,

    /// <summary>Larger ones.</summary>
    [JsonStringEnumMemberName("max")]
    Maximum,
}

/// <summary>How a threshold is meant.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ThresholdMode>))]
public enum ThresholdMode
{
    /// <summary>As a share of the best value.</summary>
    [JsonStringEnumMemberName("rel")]
    Relative,

    /// <summary>As a difference.</summary>
    [JsonStringEnumMemberName("abs")]
    Absolute,
}
