using System.Runtime.InteropServices;
using Socratic.Training.Data;
using Socratic.Training.Evaluation;
using Socratic.Training.Layers;
using Socratic.Training.Layers.Kernels;
using Socratic.Training.Models;
using Socratic.Training.Native;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training;

/// <summary>
/// A decoder-only language model loaded from a Hugging Face folder. Its parameters carry Hugging Face's names (<c>model.layers.0.self_attn.q_proj.weight</c>);
/// a tied head is the embedding and appears once.
/// </summary>
public sealed partial class CausalLanguageModel : nn.Module
{
    private readonly Decoder decoder;
    private readonly DecoderSpecification specification;
    private LinearSlot? head;
    private readonly TextTokenizer? tokenizer;
    private readonly string? whyNoTokenizer;
    private readonly Scalar? cap;
    private readonly Scalar ignored = TokenBatch.IgnoreLabel.ToScalar();
    private readonly Dictionary<string, LinearSlot> slots;

    private CausalLanguageModel(LoadedParts parts)
        : base(nameof(CausalLanguageModel))
    {
        decoder = parts.Decoder;
        specification = parts.Specification;
        cap = specification.FinalSoftCap?.ToScalar();
        source = parts.Source;
        tokenizer = parts.Tokenizer;
        whyNoTokenizer = parts.WhyNoTokenizer;
        Config = parts.Config;
        Dtype = parts.Dtype;
        Device = parts.Device;
        register_module("model", decoder);
        slots = decoder.Linears.ToDictionary(l => $"model.{l.Path}", l => l.Slot, StringComparer.Ordinal);
        if (parts.Head is null) return;
        head = new LinearSlot(this, "lm_head", parts.Head);
        slots.Add("lm_head", head);
    }

    /// <summary>Name, vocabulary, stop ids.</summary>
    public ModelConfiguration Config { get; }

    /// <summary>The tokenizer of the model's folder, with its chat template.</summary>
    /// <exception cref="InvalidOperationException">The folder holds none.</exception>
    public TextTokenizer Tokenizer
        => tokenizer ?? throw new InvalidOperationException($"{whyNoTokenizer} Put the tokenizer files of the model into the folder.");

    /// <summary>True if the model's folder holds a tokenizer.</summary>
    public bool HasTokenizer => tokenizer is not null;

    /// <summary>The dtype of weights and computation.</summary>
    public ScalarType Dtype { get; }

    /// <summary>The device the model was loaded on.</summary>
    public Device Device { get; }

    /// <summary>What is attached to the model: an adapter, a 4-bit format. Whoever attaches something adds it here.</summary>
    public IList<IModelArtifact> Artifacts { get; } = [];

    /// <summary>Every linear layer with its path, in the network's order; the output embedding last, unless it is tied.</summary>
    public IReadOnlyList<NamedLinear> LinearLayers => [.. slots.Select(s => new NamedLinear(s.Key, s.Value.Layer, s.Value == head))];

    /// <summary>Puts another layer of the same size in the place of one. The old one is not disposed: the new one may hold it.</summary>
    /// <exception cref="KeyNotFoundException">There is no linear layer at <paramref name="path"/>.</exception>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public void ReplaceLinear(string path, LinearLayer layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        if (!slots.TryGetValue(path, out var slot))
            throw new KeyNotFoundException($"The model has no linear layer '{path}'; it has {string.Join(", ", slots.Keys.Take(8))}, ...");
        slot.Replace(layer);
    }

    /// <summary>The table of token vectors.</summary>
    public EmbeddingLayer Embedding => decoder.Embedding;

    /// <summary>True if the head multiplies with the embedding's parameter, wrapped or not.</summary>
    public bool HeadIsEmbedding => head is null || head.Layer.parameters().Any(p => ReferenceEquals(p, decoder.Embedding.Weight));

    /// <summary>Puts another embedding of the same size in the place of the one there is. The old one is not disposed: the new one may hold it.</summary>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public void ReplaceEmbedding(EmbeddingLayer embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        var (rows, size) = (decoder.Embedding.VocabularySize, decoder.Embedding.Size);
        if (embedding.VocabularySize != rows || embedding.Size != size)
            throw new ArgumentException(
                $"The embedding is [{rows}, {size}]; its replacement is [{embedding.VocabularySize}, {embedding.Size}].", nameof(embedding));
        decoder.Replace(embedding);
    }

    /// <summary>
    /// Makes a tied output head a linear layer of its own, <c>lm_head</c>, over the embedding's parameter, so that it can be replaced; the two stay one
    /// parameter until it is. A model whose head is a layer of its own already stays as it is.
    /// </summary>
    public void SplitHead()
    {
        if (head is not null) return;
        head = new LinearSlot(this, "lm_head", new DenseLinear(decoder.Embedding.Weight));
        slots.Add("lm_head", head);
    }

    /// <summary>All logits of a batch: for sampling and tests; a training loss never needs them.</summary>
    /// <param name="inputIds">Token ids, int64 [rows, length].</param>
    /// <param name="attention">Documents and padding; null for rows that are one document each.</param>
    /// <returns>Logits [rows, length, vocabulary] in the model's dtype, after the final soft cap.</returns>
    public Tensor Forward(Tensor inputIds, AttentionLayout? attention = null)
    {
        ArgumentNullException.ThrowIfNull(inputIds);
        using var scope = NewDisposeScope();
        using var kernels = Fast.Off(!UsesKernels);
        using var products = MixedPrecision.On(IsMixed);
        attention ??= AttentionLayout.Full((int)inputIds.shape[0], (int)inputIds.shape[1]);
        Fit(inputIds, attention);
        using var plan = Plan(attention);
        return Logits(decoder.Normed(decoder.Forward(Embed(inputIds), plan))).MoveToOuterDisposeScope();
    }

    /// <summary>The cross-entropy of the labelled positions, summed, in float32; attached to the graph where gradients are on.</summary>
    /// <param name="batch">Ids and labels.</param>
    /// <param name="labelSmoothing">
    /// e in (1 - e) sum(-log p(target)) + e sum over targets and vocabulary of -log p / vocabulary, in [0, 1).
    /// </param>
    public Loss ComputeLoss(TokenBatch batch, double labelSmoothing = 0)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var scope = NewDisposeScope();
        using var kernels = Fast.Off(!UsesKernels);
        using var products = MixedPrecision.On(IsMixed);
        var (rows, targets, _) = Labelled(batch);
        var sum = HeadWeight() is { } weight
            ? HeadLoss.Sum(MixedPrecision.Factor(rows), MixedPrecision.Factor(weight), targets, specification.FinalSoftCap, labelSmoothing)
            : nn.functional.cross_entropy(Logits(rows).to(ScalarType.Float32), targets, reduction: nn.Reduction.Sum, label_smoothing: labelSmoothing);
        return Loss.Sum(sum.MoveToOuterDisposeScope());
    }

    /// <summary>The loss of a batch as <see cref="ComputeLoss"/> gives it, without gradients, and the likeliest id at each labelled position.</summary>
    public StepOutput Evaluate(TokenBatch batch, double labelSmoothing = 0)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var none = no_grad();
        using var scope = NewDisposeScope();
        using var kernels = Fast.Off(!UsesKernels);
        using var products = MixedPrecision.On(IsMixed);
        var (rows, targets, places) = Labelled(batch);
        var (sum, likeliest) = HeadLoss.Evaluate(rows, HeadOutput, targets, specification.FinalSoftCap, labelSmoothing);
        var predictions = full([batch.Positions], ignored, ScalarType.Int64, rows.device);
        predictions.index_copy_(0, places, likeliest);
        return new StepOutput(Loss.Sum(sum.MoveToOuterDisposeScope()), predictions.view(batch.InputIds.shape).MoveToOuterDisposeScope());
    }

    /// <summary>
    /// False computes everything with torch operators, padding and unlabelled positions too: what the kernels are tested against, and what meets the
    /// reference's dropout, which is drawn for all positions.
    /// </summary>
    internal bool UsesKernels { get; set; } = true;

    /// <summary>NEFTune's alpha: the noise added to token vectors while training; null for none.</summary>
    internal double? NeftuneNoiseAlpha { get; set; }

    /// <summary>True makes a float32 model's products in bfloat16 (<see cref="MixedPrecision"/>).</summary>
    internal bool IsMixed { get; set; }

    /// <summary>True lets each block, while training, keep its input only and compute itself again for its gradient.</summary>
    internal bool GradientCheckpointing { get; set; }

    /// <summary>Token vectors as the blocks get them; the gradient tests enter here.</summary>
    internal Tensor Embed(Tensor inputIds) => decoder.Embedding.call(inputIds);

    /// <summary>Embedded tokens to the loss's sum, and each block's output on the way.</summary>
    internal Tensor LossFromEmbedded(Tensor embedded, TokenBatch batch, Action<int, Tensor>? observe = null)
    {
        using var kernels = Fast.Off(!UsesKernels);
        using var products = MixedPrecision.On(IsMixed);
        using var plan = Plan(batch.Attention);
        var hidden = decoder.Forward(embedded, plan, observe: observe);
        var positions = Positions(batch, dropsPadding: false);
        var rows = TensorMath.Rows(decoder.Normed(hidden), Longs(positions.Among));
        return HeadLoss.Sum(rows, HeadWeight()!, Longs(positions.Targets), specification.FinalSoftCap);
    }

    internal Tensor FinalNorm(Tensor hidden) => decoder.Normed(hidden);

    /// <summary>Everything is registered above, by its Hugging Face name; TorchSharp would register fields again under theirs.</summary>
    protected override void RegisterComponents()
    {
    }

    private bool CanUseKernels => UsesKernels && Device.type == DeviceType.CPU && Fast.Computes(Dtype);

    private static void Fit(Tensor inputIds, AttentionLayout attention)
    {
        if (inputIds.dim() != 2 || inputIds.shape[0] != attention.Rows || inputIds.shape[1] != attention.Length)
            throw new ArgumentException(
                $"Token ids of shape [{string.Join(", ", inputIds.shape)}] do not fit a layout of {attention.Rows} rows of {attention.Length}.",
                nameof(inputIds));
    }

    private AttentionPlan Plan(AttentionLayout layout) => new(layout, Device, decoder.Stream) { IsFused = CanUseKernels };

    private LabelledPositions Positions(TokenBatch batch, bool dropsPadding)
    {
        var labels = batch.Labels.to(ScalarType.Int64, CPU).contiguous();
        return LabelledPositions.Find(MemoryMarshal.Cast<byte, long>(labels.bytes), batch.Attention, Config.VocabularySize, dropsPadding);
    }

    /// <summary>The normed hidden states of positions whose next label counts, with those labels and their places in the flattened batch.</summary>
    private (Tensor Rows, Tensor Targets, Tensor Places) Labelled(TokenBatch batch)
    {
        Fit(batch.InputIds, batch.Attention);
        var positions = Positions(batch, CanUseKernels);
        using var plan = Plan(positions.Layout);
        var among = Longs(positions.Among);
        var recomputation = GradientCheckpointing && training ? new BlockRecomputation(() => Plan(positions.Layout)) : null;
        var hidden = decoder.Forward(Embed(batch.InputIds, positions.Kept), plan, wanted: UsesKernels ? among : null, recomputation: recomputation);
        return (decoder.Normed(UsesKernels ? hidden.squeeze(0) : TensorMath.Rows(hidden, among)), Longs(positions.Targets), Longs(positions.Places));
    }

    /// <summary>The vectors of a batch's ids, or of some of its places, with NEFTune's noise while training.</summary>
    private Tensor Embed(Tensor inputIds, long[]? kept)
    {
        if (kept is null) return Noise(inputIds) is { } all ? Embed(inputIds).Plus(all) : Embed(inputIds);
        var places = Longs(kept);
        var vectors = Embed(inputIds.reshape(-1).index_select(0, places).unsqueeze(0));
        // Drawn for the padding too, as the reference does: the generator must end where its does.
        return Noise(inputIds) is { } noise ? vectors.Plus(TensorMath.Rows(noise, places).unsqueeze(0)) : vectors;
    }

    /// <summary>Uniform in +-alpha / sqrt(length x size), Jain and others 2023 (arXiv:2310.05914), [rows, length, size]; null where there is none.</summary>
    internal Tensor? Noise(Tensor inputIds)
    {
        if (NeftuneNoiseAlpha is not { } alpha || !training) return null;
        var size = decoder.Embedding.Size;
        var largest = (float)alpha / MathF.Sqrt(inputIds.shape[1] * size);
        using var none = no_grad();
        return empty([.. inputIds.shape, size], Dtype, Device).uniform_(-largest, largest);
    }

    private Tensor Longs(long[] values) => tensor(values, [values.Length], device: Device);

    /// <summary>The head's matrix where it is a plain one, else null.</summary>
    private Parameter? HeadWeight() => head is null ? decoder.Embedding.Weight : head.Layer is DenseLinear { Bias: null } dense ? dense.Weight : null;

    private Tensor HeadOutput(Tensor hidden) => head is null ? MixedPrecision.Linear(hidden, decoder.Embedding.Weight, null) : head.Apply(hidden);

    private Tensor Logits(Tensor hidden) => EagerAttention.SoftCap(HeadOutput(hidden), cap);
}
