using System.Text.Json.Nodes;
using Socratic.Training.Layers;
using static TorchSharp.torch;

namespace Socratic.Training.Models;

/// <summary>A linear factory that has a say in the whole load: it sees what is going to be loaded before anything is allocated, and the model when it is there.</summary>
public interface IModelFormat : ILinearFactory
{
    /// <summary>
    /// Whether norms are float32 whatever the model's dtype is. Where a norm's output has its weight's dtype (Llama, Mistral, Qwen), so has what goes from block to
    /// block then; Gemma's norms compute in float32 anyway and round to the dtype of their input. Asked after <see cref="Prepare"/>.
    /// </summary>
    bool NormsInFloat32 => false;

    /// <summary>Called once, after names and shapes were checked and before the first tensor is read.</summary>
    /// <exception cref="ModelLoadException">The checkpoint cannot be loaded in this format.</exception>
    void Prepare(ModelLoadPlan plan);

    /// <summary>Called once with the finished model.</summary>
    void Attach(CausalLanguageModel model);
}

/// <summary>What is going to be loaded.</summary>
/// <param name="Folder">The model's folder.</param>
/// <param name="Quantization">The <c>quantization_config</c> of config.json, or null.</param>
/// <param name="Dtype">The dtype the model is loaded in.</param>
/// <param name="Device">The device the model is loaded on.</param>
/// <param name="Weights">Every weight of the network, in its order.</param>
/// <param name="TokenBytes">An estimate of what training keeps of each token between forward and backward, in bytes, without and with gradient checkpointing.</param>
public sealed record ModelLoadPlan(
    string Folder, JsonObject? Quantization, ScalarType Dtype, Device Device, IReadOnlyList<PlannedWeight> Weights, TokenBytes TokenBytes);

/// <summary>A weight that is going to be loaded.</summary>
/// <param name="Name">Its name, such as <c>model.layers.0.self_attn.q_proj.weight</c>.</param>
/// <param name="Shape">Its shape in the network.</param>
/// <param name="IsLinear">True for the weight of a linear layer inside a block.</param>
/// <param name="StoredBytes">What the checkpoint's tensors of this name, and below it, have together, in bytes.</param>
public sealed record PlannedWeight(string Name, IReadOnlyList<long> Shape, bool IsLinear, long StoredBytes)
{
    /// <summary>The number of its elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);
}

/// <summary>Bytes that training keeps of a token.</summary>
/// <param name="AllKept">Where every block keeps what its gradient needs.</param>
/// <param name="Recomputed">Where blocks keep their input and are computed again (gradient checkpointing).</param>
public readonly record struct TokenBytes(long AllKept, long Recomputed);
