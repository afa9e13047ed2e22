using Socratic.Training.Data;
using Socratic.Training.Evaluation;
using Socratic.Training.Loop;
using Socratic.Training.Models;

namespace Socratic.Training;

/// <summary>
/// Trains a causal language model: cross-entropy over the labelled tokens, summed and divided by the targets of the whole accumulation window.
/// Subclass it to change a step or an evaluation.
/// </summary>
public class LanguageModelTrainer : Trainer<TokenBatch>
{
    private readonly CausalLanguageModel model;
    private readonly TrainingPrecision precision;
    private long? parametersBesideEmbedding;

    /// <summary>Checks the options and prepares a run; nothing is written yet.</summary>
    /// <param name="model">The model. The trainer does not own it.</param>
    /// <param name="options">The options.</param>
    /// <param name="train">The training rows.</param>
    /// <param name="evaluation">The held-out rows, or null.</param>
    /// <param name="metrics">What evaluations compute beside the loss. Null takes the style scores of <see cref="TrainingOptions.StyleProfile"/>, if the model has a tokenizer.</param>
    /// <param name="callbacks">Called in this order.</param>
    /// <param name="services">What the host provides.</param>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">Options are wrong, all of them listed.</exception>
    public LanguageModelTrainer(
        CausalLanguageModel model, TrainingOptions options, IDataset<TokenBatch> train, IDataset<TokenBatch>? evaluation = null,
        IMetrics<TokenBatch>? metrics = null, IReadOnlyList<ICallback>? callbacks = null, TrainerServices? services = null)
        : base(model, options, train, evaluation, metrics ?? DefaultMetrics(model, options, evaluation), callbacks, services)
    {
        this.model = model;
        precision = DtypeChoice.Resolve(options.Precision, model.Dtype, model.Device);
    }

    /// <summary>The model.</summary>
    protected CausalLanguageModel Model => model;

    /// <summary>Cross-entropy, with the <see cref="TrainingOptions.LabelSmoothingFactor"/> of the options.</summary>
    protected override Loss ComputeLoss(TokenBatch batch, StepContext step) => model.ComputeLoss(batch, Options.LabelSmoothingFactor);

    /// <inheritdoc/>
    protected override StepOutput EvaluationStep(TokenBatch batch) => model.Evaluate(batch, Options.LabelSmoothingFactor);

    private protected override IDisposable? Equip() => new ModelSwitches(model, Options, precision);

    private protected override TrainingPrecision ResolvedPrecision => precision;

    private protected override string ModelDtype => model.Dtype.ToString().ToLowerInvariant();

    /// <summary>Scores of answers to the first <see cref="TrainingOptions.GeneratedPrompts"/> held-out prompts, as <c>eval_generated_*</c>.</summary>
    protected override IEnumerable<KeyValuePair<string, double>> GenerationMetrics(IDataset<TokenBatch> data)
        => Options.GeneratedPrompts > 0 && model.HasTokenizer ? GeneratedAnswers.Score(model, data, Options) : [];

    /// <inheritdoc/>
    protected override long CountTokens(TokenBatch batch) => Options.CountTokens switch
    {
        TokenCount.All => batch.Positions,
        TokenCount.NonPadding => batch.Attention.TokenCount,
        _ => 0,
    };

    /// <inheritdoc/>
    protected override double EstimateFlops(TokenBatch batch) => 6.0 * batch.Positions * (parametersBesideEmbedding ??= CountBesideEmbedding());

    /// <inheritdoc/>
    protected override void SaveModelFiles(string directory)
    {
        foreach (var artifact in model.Artifacts) artifact.Save(directory);
        if (!model.Artifacts.Any(a => a.ReplacesWeights)) model.SaveWeights(directory);
        model.SaveConfiguration(directory);
    }

    /// <inheritdoc/>
    protected override void LoadModelFiles(string directory)
    {
        foreach (var artifact in model.Artifacts) artifact.Load(directory);
        if (!model.Artifacts.Any(a => a.ReplacesWeights)) model.LoadWeights(directory);
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<IModelArtifact> Artifacts => [.. model.Artifacts];

    /// <inheritdoc/>
    protected override string? ModelName => model.Config.Folder;

    private long CountBesideEmbedding() => model.named_parameters().Where(p => !p.name.Contains("embed_tokens", StringComparison.Ordinal)).Sum(p => p.parameter.numel())
        + model.modules().OfType<Layers.LinearLayer>().Sum(l => l.CodedWeights);

    private static StyleMetrics? DefaultMetrics(CausalLanguageModel model, TrainingOptions options, IDataset<TokenBatch>? evaluation)
        => evaluation is not null && model.HasTokenizer ? new StyleMetrics(options.StyleProfile, model.Tokenizer) : null;
}
