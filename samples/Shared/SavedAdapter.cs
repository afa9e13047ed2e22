using Socratic.Training;
using Socratic.Training.Lora;
using static TorchSharp.torch;

namespace Socratic.Samples;

/// <summary>What lies on disk must be what was trained: the folder is read back and compared with the live model.</summary>
internal static class SavedAdapter
{
    // Logits over a large vocabulary are heavy: the beginning of one dialogue tells enough.
    private const int Tokens = 64;

    internal static AdapterCheck Check(CausalLanguageModel model, string folder, TokenRow row)
    {
        model.eval();
        using var ids = tensor([.. row.Ids.Take(Tokens).Select(id => (long)id)], [1, Math.Min(Tokens, row.Ids.Count)], device: model.Device);
        return model.Lora().All[LoraAdapters.DefaultName].Check(folder, () => model.Forward(ids));
    }
}
