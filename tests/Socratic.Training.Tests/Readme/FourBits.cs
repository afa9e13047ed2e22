// Shown by src/Socratic.Training.Quantization/README.md: change both together.
using Socratic.Training;
using Socratic.Training.Lora;
using Socratic.Training.Quantization;

namespace Readme.FourBits;

internal static class FourBits
{
    internal static int Run()
    {
        using var model = CausalLanguageModel.Load("gemma-2-2b-jpn-it", load => load.QuantizeTo4Bit());
        model.AddLora(new LoraOptions { Rank = 16, Alpha = 32, Dropout = 0.1, TargetModules = ["q_proj", "k_proj", "v_proj", "o_proj"] });
        var (train, evaluation) = DialogueDataset.Read("dialogues.json", model.Tokenizer).Split(0.8, seed: 42);
        using var trainer = new LanguageModelTrainer(model, TrainingOptions.Socratic("out"), train, evaluation);
        return trainer.Train().ExitCode;
    }
}
