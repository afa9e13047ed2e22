namespace Socratic.Training.Lora;

/// <summary>A layer that has an adapter.</summary>
/// <param name="Path">Its path in the model, such as <c>model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="Rank">The adapter's rank there.</param>
/// <param name="Alpha">Its alpha there.</param>
/// <param name="Scale">What its share is multiplied by.</param>
public sealed record AdaptedLayer(string Path, int Rank, double Alpha, double Scale);
