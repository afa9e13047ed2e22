using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>Embedding, blocks, final norm.</summary>
internal sealed class Decoder : nn.Module
{
    private readonly IReadOnlyList<DecoderLayer> blocks;
    private readonly IReadOnlyList<RotaryTable> tables;
    private readonly RmsNorm norm;
    private readonly ScalarType dtype;

    /// <summary>Takes ownership of the modules and tables.</summary>
    /// <param name="embedding">Token vectors.</param>
    /// <param name="blocks">The blocks.</param>
    /// <param name="norm">The norm after them.</param>
    /// <param name="tables">The rotary tables that the blocks share.</param>
    /// <param name="dtypes">The model's, which the head gets, and <see cref="Stream"/>.</param>
    public Decoder(
        TokenEmbedding embedding, IReadOnlyList<DecoderLayer> blocks, RmsNorm norm, IReadOnlyList<RotaryTable> tables, (ScalarType Model, ScalarType Stream) dtypes)
        : base(nameof(Decoder))
    {
        this.norm = norm;
        (dtype, Stream) = dtypes;
        this.blocks = blocks;
        this.tables = tables;
        Embedding = embedding;
        register_module("embed_tokens", embedding);
        register_module("layers", new ModuleList<DecoderLayer>([.. blocks]));
        register_module("norm", norm);
    }

    public EmbeddingLayer Embedding { get; private set; }

    /// <summary>The dtype of what goes from block to block: the model's, or float32 where norms that give their weight's dtype are in float32.</summary>
    public ScalarType Stream { get; }

    /// <summary>The blocks' output normed, in the model's dtype: what the head multiplies with.</summary>
    public Tensor Normed(Tensor hidden) => As(dtype, norm.call(hidden));

    /// <summary>Puts another embedding of the same size in the place of the one there is, which is not disposed: the new one may hold it.</summary>
    public void Replace(EmbeddingLayer embedding)
    {
        var children = named_children().ToArray();
        foreach (var (name, _) in children) register_module(name, null!);
        foreach (var (name, module) in children) register_module(name, name == "embed_tokens" ? embedding : module);
        Embedding = embedding;
    }

    public int LayerCount => blocks.Count;

    /// <summary>The linear layers with their paths below this module, in the network's order.</summary>
    public IEnumerable<(string Path, LinearSlot Slot)> Linears
        => blocks.SelectMany((block, i) => block.Linears.Select(l => ($"layers.{i}.{l.Path}", l.Slot)));

    /// <summary>Embedded tokens [rows, positions, size] through all blocks, without the final norm.</summary>
    /// <param name="embedded">What <see cref="Embedding"/> gives.</param>
    /// <param name="plan">Positions and who sees whom.</param>
    /// <param name="caches">One a layer, or null.</param>
    /// <param name="wanted">
    /// The places, among all positions, whose output is wanted; null for all. The last block computes nothing after its attention for the others.
    /// </param>
    /// <param name="observe">Told each block's number and output; for tests.</param>
    /// <param name="recomputation">Lets blocks forget what their gradient needs and compute it again; null where they keep it.</param>
    /// <returns>[rows, positions, size], or [1, wanted, size].</returns>
    public Tensor Forward(
        Tensor embedded, AttentionPlan plan, IReadOnlyList<LayerCache>? caches = null, Tensor? wanted = null, Action<int, Tensor>? observe = null,
        BlockRecomputation? recomputation = null)
    {
        var hidden = As(Stream, embedded);
        for (var i = 0; i < blocks.Count; i++)
        {
            var wantedHere = i == blocks.Count - 1 ? wanted : null;
            hidden = recomputation?.Forward(blocks[i], hidden, plan, wantedHere) ?? blocks[i].Forward(hidden, plan, caches?[i], wantedHere);
            observe?.Invoke(i, hidden);
        }
        return hidden;
    }

    private static Tensor As(ScalarType dtype, Tensor values) => values.dtype == dtype ? values : values.to(dtype);

    /// <summary>Everything is registered above, by its Hugging Face name; TorchSharp would register fields again under theirs.</summary>
    protected override void RegisterComponents()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            foreach (var table in tables) table.Dispose();
        base.Dispose(disposing);
    }
}
