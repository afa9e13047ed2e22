using System.Text.Json.Nodes;
using Socratic.Training.Files;

namespace Socratic.Training.Lora.Config;

/// <summary>The options under PEFT's names and in its types.</summary>
internal static class ConfigWriter
{
    public static JsonObject Write(LoraOptions o) => new()
    {
        ["r"] = o.Rank,
        ["lora_alpha"] = Number(o.Alpha),
        ["lora_dropout"] = JsonNode.Parse(PythonJson.Number(o.Dropout)),
        ["target_modules"] = Modules(o.TargetModules),
        ["exclude_modules"] = Modules(o.ExcludeModules),
        ["layers_to_transform"] = o.LayersToTransform is { } layers ? new JsonArray([.. layers.Select(l => JsonValue.Create(l))]) : null,
        ["layers_pattern"] = Texts(o.LayersPattern),
        ["rank_pattern"] = new JsonObject(o.RankPattern.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
        ["alpha_pattern"] = new JsonObject(o.AlphaPattern.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)Number(p.Value)))),
        ["use_rslora"] = o.UseRsLora,
        ["use_dora"] = o.UseDora,
        ["bias"] = o.Bias switch { LoraBias.All => "all", LoraBias.AdaptedLayers => "lora_only", _ => "none" },
        ["lora_bias"] = o.LoraBias,
        ["modules_to_save"] = Texts(o.ModulesToSave),
        ["trainable_token_indices"] = Tokens(o.TrainableTokenIndices),
        ["init_lora_weights"] = o.Initialization.Name switch { "true" => true, "false" => false, var name => name },
        ["loftq_config"] = o.Initialization.IsLoftq ? new JsonObject { ["loftq_bits"] = 4, ["loftq_iter"] = o.Initialization.LoftqIterations } : new JsonObject(),
        ["ensure_weight_tying"] = o.EnsureWeightTying,
        ["revision"] = o.Revision,
        ["task_type"] = o.TaskType,
    };

    /// <summary>PEFT's alphas are whole numbers unless a conversion made them fractions.</summary>
    private static JsonNode? Number(double value)
        => double.IsInteger(value) && Math.Abs(value) < 1e15 ? JsonValue.Create((long)value) : JsonNode.Parse(PythonJson.Number(value));

    private static JsonNode? Modules(TargetModules? modules) => modules switch
    {
        null => null,
        { IsAllLinear: true } => TargetModules.AllLinearName,
        { Pattern: { } pattern } => pattern,
        _ => Texts(modules.Names),
    };

    private static JsonArray? Texts(IReadOnlyList<string>? texts) => texts is null ? null : new JsonArray([.. texts.Select(t => JsonValue.Create(t))]);

    private static JsonNode? Tokens(TrainableTokens? tokens)
    {
        if (tokens is null) return null;
        static JsonArray List(IReadOnlyList<long> ids) => new([.. ids.Select(id => JsonValue.Create(id))]);
        return tokens.InputEmbedding is { } ids ? List(ids) : new JsonObject(tokens.Modules.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)List(m.Value))));
    }
}
