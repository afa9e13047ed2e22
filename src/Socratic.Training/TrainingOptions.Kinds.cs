using System.Text.Json.Serialization;

namespace Socratic.Training;

/// <summary>The order in which an epoch visits the rows.</summary>
public enum SamplingStrategy
{
    /// <summary>A new permutation each epoch, drawn from the seed.</summary>
    Random,

    /// <summary>The rows' own order.</summary>
    Sequential,

    /// <summary>Rows of like length side by side, so that batches hold little padding (transformers' group_by_length).</summary>
    GroupByLength,
}

/// <summary>When something is done.</summary>
public enum IntervalStrategy
{
    /// <summary>Never.</summary>
    No,

    /// <summary>Every so many updates.</summary>
    Steps,

    /// <summary>At the end of each epoch.</summary>
    Epoch,
}

/// <summary>When a checkpoint is saved.</summary>
public enum SaveStrategy
{
    /// <summary>Never.</summary>
    No,

    /// <summary>Every so many updates, and after the last.</summary>
    Steps,

    /// <summary>At the end of each epoch.</summary>
    Epoch,

    /// <summary>After each evaluation that gave a new best value.</summary>
    Best,
}

/// <summary>In which numbers a language model is trained.</summary>
public enum TrainingPrecision
{
    /// <summary>In the model's dtype: float32, or pure bfloat16 (weights, gradients and optimizer state).</summary>
    AsLoaded,

    /// <summary>
    /// Products in bfloat16 over a model loaded in float32: weights, gradients, optimizer state, residual stream, norms and loss stay float32 (transformers' <c>bf16</c>).
    /// </summary>
    Mixed,

    /// <summary>
    /// <see cref="Mixed"/> for a float32 model where bfloat16 products are fast (a GPU that has them, a processor with AVX512-BF16), else <see cref="AsLoaded"/>.
    /// </summary>
    Auto,
}

/// <summary>What happens when a loss or a gradient is not finite.</summary>
public enum NonFiniteAction
{
    /// <summary>The run ends with an error that names step, rows and the first bad tensor.</summary>
    Stop,

    /// <summary>The update is left out, counted and logged as it is.</summary>
    SkipUpdate,
}

/// <summary>Which training tokens are counted in <see cref="TrainerState.TokensSeen"/>.</summary>
public enum TokenCount
{
    /// <summary>None.</summary>
    No,

    /// <summary>Every id, padding included.</summary>
    All,

    /// <summary>Ids that are no padding.</summary>
    NonPadding,
}

/// <summary>What to do when the output folder holds an unfinished run.</summary>
public enum ExistingRunPolicy
{
    /// <summary>Go on from the newest checkpoint that verifies.</summary>
    Resume,

    /// <summary>Ask the person present; go on where nobody is.</summary>
    Ask,

    /// <summary>Begin anew.</summary>
    Overwrite,

    /// <summary>An error.</summary>
    Fail,
}

/// <summary>The optimizers that <see cref="TrainingOptions.Optimizer"/> offers, each with transformers' name for it.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay.</summary>
    [JsonStringEnumMemberName("adamw_torch_fused")]
    AdamW,

    /// <summary>Gradient descent, with <see cref="TrainingOptions.Momentum"/>.</summary>
    [JsonStringEnumMemberName("sgd")]
    Sgd,

    /// <summary>Adafactor at the schedule's rate: far less state than AdamW.</summary>
    [JsonStringEnumMemberName("adafactor")]
    Adafactor,

    /// <summary>Lion: half of AdamW's state; it wants a rate 3 to 10 times lower.</summary>
    [JsonStringEnumMemberName("lion_32bit")]
    Lion,

    /// <summary>
    /// AdamW with moments of 8 bits: a quarter of its state. The package Socratic.Training.Quantization makes it: give its <c>EightBitOptimizers</c> to
    /// <see cref="TrainerServices.OptimizerFactory"/>.
    /// </summary>
    [JsonStringEnumMemberName("adamw_bnb_8bit")]
    AdamW8Bit,
}
