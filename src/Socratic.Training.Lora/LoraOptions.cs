using System.Text.Json.Nodes;
using Socratic.Training.Lora.Config;

namespace Socratic.Training.Lora;

/// <summary>
/// What an adapter is: the settings of PEFT's LoraConfig, with its meaning and defaults. Written to <c>adapter_config.json</c> under PEFT's names.
/// </summary>
public sealed record LoraOptions
{
    /// <summary>The inner dimension r of A [r, in] and B [out, r] (<c>r</c>).</summary>
    /// <value>Default: 8.</value>
    public int Rank { get; init; } = 8;

    /// <summary>The share B A x is scaled by alpha / r, or alpha / sqrt(r) with <see cref="UseRsLora"/> (<c>lora_alpha</c>).</summary>
    /// <value>Default: 8.</value>
    public double Alpha { get; init; } = 8;

    /// <summary>The probability with which elements of the adapter's input are dropped in training (<c>lora_dropout</c>).</summary>
    /// <value>Default: 0.</value>
    public double Dropout { get; init; }

    /// <summary>The layers that get an adapter (<c>target_modules</c>); null takes the usual ones of the model's family.</summary>
    public TargetModules? TargetModules { get; init; }

    /// <summary>Layers that get none although <see cref="TargetModules"/> names them (<c>exclude_modules</c>).</summary>
    public TargetModules? ExcludeModules { get; init; }

    /// <summary>The numbers of the blocks that get adapters (<c>layers_to_transform</c>); null or empty means all. Not asked for targets named by their full path.</summary>
    public IReadOnlyList<int>? LayersToTransform { get; init; }

    /// <summary>The name before the number that <see cref="LayersToTransform"/> means (<c>layers_pattern</c>), such as <c>layers</c>; null takes the path's first number.</summary>
    public IReadOnlyList<string>? LayersPattern { get; init; }

    /// <summary>Ranks of single layers: a regular expression for the end of the path, and the rank (<c>rank_pattern</c>). The first match in sorted order wins.</summary>
    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>();

    /// <summary>Alphas of single layers, matched like <see cref="RankPattern"/> (<c>alpha_pattern</c>).</summary>
    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>();

    /// <summary>Scale by alpha / sqrt(r) (rank-stabilized LoRA, arXiv 2312.03732; <c>use_rslora</c>).</summary>
    public bool UseRsLora { get; init; }

    /// <summary>Train the magnitude of each row of W apart from its direction (DoRA, arXiv 2402.09353; <c>use_dora</c>).</summary>
    public bool UseDora { get; init; }

    /// <summary>Which biases of the base model are trained (<c>bias</c>).</summary>
    public LoraBias Bias { get; init; }

    /// <summary>Give B a bias of its own (<c>lora_bias</c>). Not with <see cref="UseDora"/>.</summary>
    public bool LoraBias { get; init; }

    /// <summary>Modules trained in full and saved with the adapter, by the end of their path (<c>modules_to_save</c>).</summary>
    public IReadOnlyList<string>? ModulesToSave { get; init; }

    /// <summary>Rows of embeddings that are trained (<c>trainable_token_indices</c>).</summary>
    public TrainableTokens? TrainableTokenIndices { get; init; }

    /// <summary>How A and B start (<c>init_lora_weights</c>).</summary>
    public LoraInitialization Initialization { get; init; } = LoraInitialization.Default;

    /// <summary>Train both sides of a tied embedding as one (<c>ensure_weight_tying</c>).</summary>
    public bool EnsureWeightTying { get; init; }

    /// <summary>The base model's revision, written to the file and otherwise ignored (<c>revision</c>).</summary>
    public string? Revision { get; init; }

    /// <summary>PEFT's task type, written to the file (<c>task_type</c>).</summary>
    public string? TaskType { get; init; } = "CAUSAL_LM";

    /// <summary>Reads the <c>lora_config</c> section of a training_config.json, which has PEFT's names; what is not there has its default.</summary>
    /// <exception cref="InvalidDataException">A value is wrong or asks for what is not implemented; the message lists all problems.</exception>
    public static LoraOptions FromConfiguration(JsonObject section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return AdapterConfig.FromSection(section);
    }

    /// <summary>The settings as a <c>lora_config</c> section: every one under PEFT's name.</summary>
    public JsonObject ToConfiguration() => ConfigWriter.Write(this);

    /// <summary>Every problem of the settings alone, before any model is known; empty if there is none.</summary>
    public IReadOnlyList<string> Validate() => [.. LoraOptionsRules.Problems(this, SettingNames.Options)];
}
