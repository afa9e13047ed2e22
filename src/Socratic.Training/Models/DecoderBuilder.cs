using Socratic.Training.Layers;

namespace Socratic.Training.Models;

/// <summary>Builds the network a specification describes, reading its weights on the way.</summary>
internal static class DecoderBuilder
{
    public static Decoder Build(DecoderSpecification s, WeightLoader weights, string embeddingName)
    {
        var tables = s.Layers.Select(l => l.Rotary).Distinct().ToDictionary(r => r, r => new RotaryTable(r, weights.Device));
        var embedding = new TokenEmbedding(weights.Parameter(embeddingName, [s.VocabularySize, s.HiddenSize]), s.PaddingId, s.EmbeddingScale);
        var blocks = s.Layers.Select((layer, i) => Block(s, layer, tables[layer.Rotary], weights, $"model.layers.{i}")).ToList();
        var stream = s.Norm == NormKind.Weight ? weights.NormDtype : weights.Dtype;
        return new Decoder(embedding, blocks, Norm(s, weights, "model.norm", s.HiddenSize), [.. tables.Values], (weights.Dtype, stream));
    }

    private static DecoderLayer Block(DecoderSpecification s, DecoderLayerSpecification layer, RotaryTable table, WeightLoader weights, string path)
    {
        var attention = Attention(s, layer, table, weights, $"{path}.self_attn");
        var mlp = new GatedMlp(
            s.Activation,
            weights.Linear($"{path}.mlp.gate_proj", s.IntermediateSize, s.HiddenSize, s.MlpBias),
            weights.Linear($"{path}.mlp.up_proj", s.IntermediateSize, s.HiddenSize, s.MlpBias),
            weights.Linear($"{path}.mlp.down_proj", s.HiddenSize, s.IntermediateSize, s.MlpBias));
        return new DecoderLayer(attention, mlp, Norms(s, weights, path));
    }

    private static SelfAttention Attention(DecoderSpecification s, DecoderLayerSpecification layer, RotaryTable table, WeightLoader weights, string path)
    {
        var (queries, keys) = (s.Heads * s.HeadDimension, s.KeyValueHeads * s.HeadDimension);
        var linears = new AttentionLinears(
            weights.Linear($"{path}.q_proj", queries, s.HiddenSize, s.QueryKeyValueBias),
            weights.Linear($"{path}.k_proj", keys, s.HiddenSize, s.QueryKeyValueBias),
            weights.Linear($"{path}.v_proj", keys, s.HiddenSize, s.QueryKeyValueBias),
            weights.Linear($"{path}.o_proj", s.HiddenSize, queries, s.OutputBias));
        var shape = new AttentionShape(s.Heads, s.KeyValueHeads, s.HeadDimension, s.QueryScale, s.AttentionSoftCap, layer.Window);
        return s.QueryKeyNorm
            ? new SelfAttention(shape, table, linears, Norm(s, weights, $"{path}.q_norm", s.HeadDimension), Norm(s, weights, $"{path}.k_norm", s.HeadDimension))
            : new SelfAttention(shape, table, linears, null, null);
    }

    private static DecoderLayerNorms Norms(DecoderSpecification s, WeightLoader weights, string path)
    {
        RmsNorm Hidden(string name) => Norm(s, weights, $"{path}.{name}", s.HiddenSize);
        return s.NormsAfterBlocks
            ? new(Hidden("input_layernorm"), Hidden("post_attention_layernorm"), Hidden("pre_feedforward_layernorm"), Hidden("post_feedforward_layernorm"))
            : new(Hidden("input_layernorm"), null, Hidden("post_attention_layernorm"), null);
    }

    private static RmsNorm Norm(DecoderSpecification s, WeightLoader weights, string path, long size)
        => new(weights.Norm($"{path}.weight", size), s.NormEpsilon, s.Norm);
}
