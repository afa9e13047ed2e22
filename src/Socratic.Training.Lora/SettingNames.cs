namespace Socratic.Training.Lora;

/// <summary>How messages name a setting: by the property where a program set it, by PEFT's key where a file did.</summary>
internal sealed class SettingNames
{
    private readonly string? source;

    private SettingNames(string? source) => this.source = source;

    /// <summary>Settings a program made.</summary>
    public static SettingNames Options { get; } = new(null);

    /// <summary>Settings read from a file.</summary>
    public static SettingNames File(string path) => new(path);

    /// <summary>Where the settings come from, as the beginning of a message.</summary>
    public string Source => source ?? nameof(LoraOptions);

    /// <summary>The name of the setting whose property is <paramref name="property"/>.</summary>
    public string this[string property] => source is null ? property : Key(property);

    /// <summary>An exception that begins with where the settings come from.</summary>
    public Exception Error(string message) => source is null ? new ArgumentException($"{Source}: {message}") : new InvalidDataException($"{Source}: {message}");

    private static string Key(string property) => property switch
    {
        nameof(LoraOptions.Rank) => "r",
        nameof(LoraOptions.Alpha) => "lora_alpha",
        nameof(LoraOptions.Dropout) => "lora_dropout",
        nameof(LoraOptions.TargetModules) => "target_modules",
        nameof(LoraOptions.ExcludeModules) => "exclude_modules",
        nameof(LoraOptions.LayersToTransform) => "layers_to_transform",
        nameof(LoraOptions.LayersPattern) => "layers_pattern",
        nameof(LoraOptions.RankPattern) => "rank_pattern",
        nameof(LoraOptions.AlphaPattern) => "alpha_pattern",
        nameof(LoraOptions.UseDora) => "use_dora",
        nameof(LoraOptions.LoraBias) => "lora_bias",
        nameof(LoraOptions.ModulesToSave) => "modules_to_save",
        nameof(LoraOptions.TrainableTokenIndices) => "trainable_token_indices",
        nameof(LoraOptions.Initialization) => "init_lora_weights",
        nameof(LoraOptions.EnsureWeightTying) => "ensure_weight_tying",
        nameof(LoraOptions.TaskType) => "task_type",
        _ => throw new ArgumentOutOfRangeException(nameof(property), property, "Not a setting with rules."),
    };
}
