namespace Socratic.Training.Data.Chat;

/// <summary>What a template writes besides the messages.</summary>
/// <param name="ForGeneration">True to end with the beginning of the model's next turn.</param>
/// <param name="WithoutThinking">True to end with an empty thought, for families that think before they answer.</param>
internal readonly record struct ChatRendering(bool ForGeneration = false, bool WithoutThinking = false);
