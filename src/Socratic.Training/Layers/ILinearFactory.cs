using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>
/// Asked by the model loader for each linear layer of the network, so that another assembly can build it in its own form (4 bits, say)
/// while the checkpoint is read, one tensor at a time.
/// </summary>
public interface ILinearFactory
{
    /// <summary>The layer for <paramref name="request"/>, or null to have the loader build a dense one.</summary>
    LinearLayer? Create(LinearRequest request);
}

/// <summary>What the loader knows about one linear layer.</summary>
/// <param name="Path">The module's path in the model, such as <c>model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="InFeatures">Size of the input's last dimension.</param>
/// <param name="OutFeatures">Size of the output's last dimension.</param>
/// <param name="HasBias">True if the layer has a bias.</param>
/// <param name="IsOutputEmbedding">True for the language model's head, which is never quantized.</param>
/// <param name="Dtype">The dtype the model is loaded in.</param>
/// <param name="Device">The device the model is loaded on.</param>
/// <param name="Tensors">The stored tensors below the module's path (<c>weight</c>, <c>bias</c>, <c>weight.absmax</c>, ...), read only when asked for,
/// and only while the model is loaded.</param>
/// <param name="ReadLater">Reads one of these tensors when the model has long been loaded, in its stored dtype on the CPU; the caller owns it.</param>
public sealed record LinearRequest(
    string Path, long InFeatures, long OutFeatures, bool HasBias, bool IsOutputEmbedding, ScalarType Dtype, Device Device, ITensorSource Tensors,
    Func<string, Tensor> ReadLater);

/// <summary>The tensors of a checkpoint under one prefix, read lazily.</summary>
public interface ITensorSource
{
    /// <summary>The names that exist, relative to the prefix.</summary>
    IReadOnlyCollection<string> Names { get; }

    /// <summary>Reads one tensor in its stored dtype on the CPU; the caller owns it.</summary>
    /// <exception cref="KeyNotFoundException">There is no tensor of that name; the message names the file and the full key.</exception>
    Tensor Read(string name);

    /// <summary>The tensor's file and full key, for messages.</summary>
    string Locate(string name) => $"'{name}'";
}
