namespace Socratic.Training.Lora;

/// <summary>What other programs make of an adapter: said when it is added, because it is too late when it is trained.</summary>
internal static class Portability
{
    public static IEnumerable<string> Warnings(LoraOptions options, IEnumerable<AdaptedLayer> layers)
    {
        var both = new List<string>();
        if (options.UseDora) both.Add("DoRA");
        if (options.Bias != LoraBias.None) both.Add("trained biases");
        if (options.LoraBias) both.Add("a bias of B");
        if (options.ModulesToSave is { Count: > 0 }) both.Add("modules trained in full");
        if (options.TrainableTokenIndices is not null) both.Add("trained token rows");
        if (layers.Any(l => l.Path.EndsWith("embed_tokens", StringComparison.Ordinal) || l.Path.EndsWith("lm_head", StringComparison.Ordinal))) both.Add("adapters of the embedding or the head");
        if (both.Count > 0) yield return $"vLLM and llama.cpp do not load adapters with {string.Join(", ", both)}; for them, merge the adapter into the model (SaveMerged).";
        if (options.AlphaPattern.Count > 0) yield return "llama.cpp and vLLM know one alpha only, so AlphaPattern is lost on them; merge the adapter for them (SaveMerged).";
        if (options.Initialization.ChangesBase)
            yield return $"An adapter that begins with {options.Initialization} belongs to changed base weights; save it with SaveConverted for programs other than PEFT"
                + $"{(options.Initialization.FastPissaIterations is null ? "" : ", and for PEFT too: it decomposes the base at random when it loads")}.";
    }
}
