namespace Socratic.Training.Lora.Layers;

/// <summary>What one layer's adapter is made with, after the patterns.</summary>
internal sealed record LayerSettings(int Rank, double Alpha, bool UseRsLora, double Dropout)
{
    /// <summary>alpha / r, or alpha / sqrt(r) with rsLoRA.</summary>
    public double Scale => UseRsLora ? Alpha / Math.Sqrt(Rank) : Alpha / Rank;
}
