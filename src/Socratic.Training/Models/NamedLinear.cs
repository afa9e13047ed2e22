using Socratic.Training.Layers;

namespace Socratic.Training.Models;

/// <summary>A linear layer and its place in a model.</summary>
/// <param name="Path">The module's path, such as <c>model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="Layer">The layer that is there now.</param>
/// <param name="IsOutputEmbedding">True for the language model's head.</param>
public sealed record NamedLinear(string Path, LinearLayer Layer, bool IsOutputEmbedding);
