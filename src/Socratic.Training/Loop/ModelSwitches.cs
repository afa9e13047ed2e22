namespace Socratic.Training.Loop;

/// <summary>Sets on a model what the options ask of it while a trainer works, and puts back what was there.</summary>
internal sealed class ModelSwitches : IDisposable
{
    private readonly CausalLanguageModel model;
    private readonly (double? Noise, bool Checkpointing, bool Mixed) before;

    internal ModelSwitches(CausalLanguageModel model, TrainingOptions options, TrainingPrecision precision)
    {
        this.model = model;
        before = (model.NeftuneNoiseAlpha, model.GradientCheckpointing, model.IsMixed);
        model.NeftuneNoiseAlpha = options.NeftuneNoiseAlpha;
        model.GradientCheckpointing = options.GradientCheckpointing;
        model.IsMixed = precision == TrainingPrecision.Mixed;
    }

    public void Dispose() => (model.NeftuneNoiseAlpha, model.GradientCheckpointing, model.IsMixed) = before;
}
