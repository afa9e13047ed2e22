namespace Socratic.Training.Lora;

/// <summary>The usual targets. Gemma, Llama, Qwen and Mistral name their layers alike.</summary>
public static class LoraTargets
{
    /// <summary>Queries and values: what PEFT takes where no targets are given.</summary>
    public static TargetModules QueryAndValue { get; } = ["q_proj", "v_proj"];

    /// <summary>The attention's four projections.</summary>
    public static TargetModules Attention { get; } = ["q_proj", "k_proj", "v_proj", "o_proj"];

    /// <summary>The attention's and the MLP's projections: every linear layer of a block.</summary>
    public static TargetModules AttentionAndMlp { get; } = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
}
