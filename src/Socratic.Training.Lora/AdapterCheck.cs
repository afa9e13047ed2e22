using System.Globalization;

namespace Socratic.Training.Lora;

/// <summary>What reading a saved adapter back found.</summary>
/// <param name="LogitDifference">The largest difference between the logits of the live adapter and of the one read from the folder.</param>
/// <param name="Effect">The largest difference between the logits with the adapter and without it.</param>
public sealed record AdapterCheck(double LogitDifference, double Effect)
{
    /// <summary>Below this the adapter is taken to do nothing.</summary>
    public const double NoEffect = 1e-4;

    /// <summary>True if the folder holds what the live model has.</summary>
    public bool IsFaithful => LogitDifference == 0;

    /// <summary>What a person should know, or null: the adapter does nothing, or the files are not the live adapter.</summary>
    public string? Warning => !IsFaithful
        ? string.Create(CultureInfo.InvariantCulture, $"The saved adapter differs from the live one: its logits are up to {LogitDifference:G3} away.")
        : Effect < NoEffect ? string.Create(CultureInfo.InvariantCulture, $"The adapter changes the logits by at most {Effect:G3}: it has learned next to nothing.") : null;

    /// <summary>One line: what was found.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"Adapter read back from disk: its logits are within {LogitDifference:G3} of the trained model's; it moves the base model's by up to {Effect:G3}.");
}
