namespace Socratic.Training.Models;

/// <summary>The parameters a specification asks for, under Hugging Face's names.</summary>
internal static class WeightNames
{
    public const string Embedding = "model.embed_tokens.weight";
    public const string Head = "lm_head.weight";

    /// <summary>Every parameter and its shape, in the network's order; a tied head is none.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Of(DecoderSpecification s)
    {
        yield return (Embedding, [s.VocabularySize, s.HiddenSize]);
        for (var i = 0; i < s.Layers.Count; i++)
            foreach (var (name, shape) in OfLayer(s)) yield return ($"model.layers.{i}.{name}", shape);
        yield return ("model.norm.weight", [s.HiddenSize]);
        if (!s.TiedHead) yield return (Head, [s.VocabularySize, s.HiddenSize]);
    }

    private static IEnumerable<(string Name, long[] Shape)> OfLayer(DecoderSpecification s)
    {
        var (queries, keys) = (s.Heads * s.HeadDimension, s.KeyValueHeads * s.HeadDimension);
        foreach (var parameter in Linear("self_attn.q_proj", queries, s.HiddenSize, s.QueryKeyValueBias)) yield return parameter;
        foreach (var parameter in Linear("self_attn.k_proj", keys, s.HiddenSize, s.QueryKeyValueBias)) yield return parameter;
        foreach (var parameter in Linear("self_attn.v_proj", keys, s.HiddenSize, s.QueryKeyValueBias)) yield return parameter;
        foreach (var parameter in Linear("self_attn.o_proj", s.HiddenSize, queries, s.OutputBias)) yield return parameter;
        if (s.QueryKeyNorm)
        {
            yield return ("self_attn.q_norm.weight", [s.HeadDimension]);
            yield return ("self_attn.k_norm.weight", [s.HeadDimension]);
        }
        foreach (var parameter in Linear("mlp.gate_proj", s.IntermediateSize, s.HiddenSize, s.MlpBias)) yield return parameter;
        foreach (var parameter in Linear("mlp.up_proj", s.IntermediateSize, s.HiddenSize, s.MlpBias)) yield return parameter;
        foreach (var parameter in Linear("mlp.down_proj", s.HiddenSize, s.IntermediateSize, s.MlpBias)) yield return parameter;
        yield return ("input_layernorm.weight", [s.HiddenSize]);
        yield return ("post_attention_layernorm.weight", [s.HiddenSize]);
        if (!s.NormsAfterBlocks) yield break;
        yield return ("pre_feedforward_layernorm.weight", [s.HiddenSize]);
        yield return ("post_feedforward_layernorm.weight", [s.HiddenSize]);
    }

    private static IEnumerable<(string Name, long[] Shape)> Linear(string path, int outputs, int inputs, bool bias)
    {
        yield return ($"{path}.weight", [outputs, inputs]);
        if (bias) yield return ($"{path}.bias", [outputs]);
    }
}
