namespace Socratic.Training.Loop;

/// <summary>Sets on a model what the options ask of it while a trainer works, and puts back what was there.</summary>
internal sealed class ModelSwitches : IDisposable
{
    private readonly CausalLanguageModel model;
    private readonly double? noise;

    internal ModelSwitches(CausalLanguageModel model, TrainingOptions options)
    {
        this.model = model;
        noise = model.NeftuneNoiseAlpha;
        model.NeftuneNoiseAlpha = options.NeftuneNoiseAlpha;
    }

    public void Dispose() => model.NeftuneNoiseAlpha = noise;
}
