// Shown by the page of Socratic.Training: change both together.
using Socratic.Training;

namespace Readme.Full;

internal static class FullFineTuning
{
    internal static int Run()
    {
        using var model = CausalLanguageModel.Load("gemma-2-2b-jpn-it");
        var (train, evaluation) = DialogueDataset.Read("dialogues.json", model.Tokenizer).Split(0.8, seed: 42);
        var options = TrainingOptions.Socratic("out");
        using var trainer = new LanguageModelTrainer(model, options, train, evaluation, callbacks: [new StyleCallback(), new TrainingMonitorCallback()]);
        return trainer.Train().ExitCode;
    }
}
