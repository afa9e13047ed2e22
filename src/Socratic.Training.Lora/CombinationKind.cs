namespace Socratic.Training.Lora;

/// <summary>How several adapters become one (PEFT's <c>combination_type</c>).</summary>
public enum CombinationKind
{
    /// <summary>A and B are summed apart, each by the root of weight x scale: not the sum of the products, but of the same rank. All ranks must be equal.</summary>
    Linear,

    /// <summary>A and B are put side by side: exactly the weighted sum, its rank the sum of the ranks.</summary>
    Concatenate,

    /// <summary>The weighted sum, cut to its largest singular values.</summary>
    SingularValues,
}
