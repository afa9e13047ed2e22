using Microsoft.Extensions.Logging;
using Socratic.Training.Layers;
using static TorchSharp.torch;

namespace Socratic.Training;

/// <summary>
/// How <see cref="CausalLanguageModel.Load(string, Action{ModelLoadOptions}?)"/> builds the model. Modules are built in their final dtype on their final
/// device.
/// </summary>
public sealed class ModelLoadOptions
{
    /// <summary>The dtype of weights and computation.</summary>
    /// <value>Default: <see cref="ModelDtype.Float32"/>.</value>
    public ModelDtype Dtype { get; set; } = ModelDtype.Float32;

    /// <summary>The device.</summary>
    /// <value>Default: the CPU.</value>
    public Device Device { get; set; } = CPU;

    /// <summary>Asked for each linear layer; null builds dense layers.</summary>
    public ILinearFactory? LinearFactory { get; set; }

    /// <summary>
    /// What the files of adapters call the model, such as its id on a hub (<c>google/gemma-2-2b-jpn-it</c>), by which another machine finds it. Null: the folder as it
    /// was given.
    /// </summary>
    public string? Name { get; set; }

    /// <summary>
    /// What the model is going to be trained on: where memory is counted before loading (4-bit weights), this is counted too. Null counts the weights alone.
    /// </summary>
    public MicroBatchPlan? PlannedMicroBatch { get; set; }

    /// <summary>The name of the chat template (<see cref="Socratic.Training.ChatTemplate.Names"/>); null to choose it by the folder.</summary>
    public string? ChatTemplate { get; set; }

    /// <summary>Told what is odd about a checkpoint but no error; null to hear nothing.</summary>
    public ILogger? Logger { get; set; }
}

/// <summary>The micro-batches of a training to come.</summary>
/// <param name="Rows">Rows of one.</param>
/// <param name="Tokens">Tokens of a row.</param>
/// <param name="GradientCheckpointing">Whether blocks are computed again for their gradient.</param>
public sealed record MicroBatchPlan(int Rows, int Tokens = 512, bool GradientCheckpointing = false);

/// <summary>The dtype of a model's weights and computation.</summary>
public enum ModelDtype
{
    /// <summary>float32.</summary>
    Float32,

    /// <summary>bfloat16.</summary>
    BFloat16,

    /// <summary>bfloat16 on a GPU that has it or a CPU with AVX512-BF16, else float32. Never float16: Gemma's activations overflow in it.</summary>
    Auto,
}
