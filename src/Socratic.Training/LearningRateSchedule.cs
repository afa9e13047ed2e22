using System.Text.Json.Serialization;

namespace Socratic.Training;

/// <summary>How the learning rate changes over a run. The JSON names are Hugging Face's <c>lr_scheduler_type</c>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LearningRateSchedule>))]
public enum LearningRateSchedule
{
    /// <summary>Warm-up, then a straight line to 0.</summary>
    [JsonStringEnumMemberName("linear")]
    Linear,

    /// <summary>Warm-up, then a cosine to 0.</summary>
    [JsonStringEnumMemberName("cosine")]
    Cosine,

    /// <summary>Warm-up, then cosines that start anew (<see cref="ScheduleOptions.Cycles"/>, default 1).</summary>
    [JsonStringEnumMemberName("cosine_with_restarts")]
    CosineWithRestarts,

    /// <summary>Warm-up, then a power of the share that is left (<see cref="ScheduleOptions.Power"/>) to <see cref="ScheduleOptions.EndLearningRate"/>.</summary>
    [JsonStringEnumMemberName("polynomial")]
    Polynomial,

    /// <summary>The base rate throughout, without a warm-up.</summary>
    [JsonStringEnumMemberName("constant")]
    Constant,

    /// <summary>Warm-up, then the base rate.</summary>
    [JsonStringEnumMemberName("constant_with_warmup")]
    ConstantWithWarmup,

    /// <summary>Warm-up, then one over the square root of the step (<see cref="ScheduleOptions.TimeScale"/>).</summary>
    [JsonStringEnumMemberName("inverse_sqrt")]
    InverseSquareRoot,

    /// <summary>The base rate, lowered when the metric for the best model stops improving; no warm-up.</summary>
    [JsonStringEnumMemberName("reduce_lr_on_plateau")]
    ReduceOnPlateau,

    /// <summary>Warm-up, then a cosine to a rate above 0 (<see cref="ScheduleOptions.MinimumRate"/> or <see cref="ScheduleOptions.MinimumRatio"/>).</summary>
    [JsonStringEnumMemberName("cosine_with_min_lr")]
    CosineWithMinimum,

    /// <summary>The same, one step ahead, with a warm-up that may start above 0 (<see cref="ScheduleOptions.WarmupStartRatio"/>).</summary>
    [JsonStringEnumMemberName("cosine_warmup_with_min_lr")]
    CosineWarmupWithMinimum,

    /// <summary>Warm-up, the base rate, and a decay over the last <see cref="ScheduleOptions.DecaySteps"/> updates.</summary>
    [JsonStringEnumMemberName("warmup_stable_decay")]
    WarmupStableDecay,

    /// <summary>Raised while the metric for the best model improves, lowered while it does not.</summary>
    [JsonStringEnumMemberName("greedy")]
    Greedy,
}
