using System.Text.Json.Nodes;

namespace Socratic.Training.Lora.Config;

/// <summary>What is done with a key of adapter_config.json that is set to something else than its default.</summary>
internal enum KeyUse
{
    /// <summary>Read into <see cref="LoraOptions"/>.</summary>
    Support,

    /// <summary>Kept as it is: it does not change what the adapter computes.</summary>
    Ignore,

    /// <summary>An error: it changes what the adapter computes and is not implemented.</summary>
    Refuse,
}

/// <summary>The 41 keys PEFT 0.21.2 writes, with their defaults as JSON.</summary>
internal static class ConfigKeys
{
    /// <summary>The version whose keys, defaults and layout these are; written as <c>peft_version</c>.</summary>
    public const string PeftVersion = "0.21.2";

    private static readonly Dictionary<string, (string Default, KeyUse Use)> Keys = new(StringComparer.Ordinal)
    {
        ["alora_invocation_tokens"] = ("null", KeyUse.Refuse),
        ["alpha_pattern"] = ("{}", KeyUse.Support),
        ["arrow_config"] = ("null", KeyUse.Refuse),
        ["auto_mapping"] = ("null", KeyUse.Ignore),
        ["base_model_name_or_path"] = ("null", KeyUse.Ignore),
        ["bias"] = ("\"none\"", KeyUse.Support),
        ["corda_config"] = ("null", KeyUse.Ignore),
        ["ensure_weight_tying"] = ("false", KeyUse.Support),
        ["eva_config"] = ("null", KeyUse.Ignore),
        ["exclude_modules"] = ("null", KeyUse.Support),
        ["fan_in_fan_out"] = ("false", KeyUse.Support),
        ["inference_mode"] = ("false", KeyUse.Ignore),
        ["init_lora_weights"] = ("true", KeyUse.Support),
        ["kasa_config"] = ("null", KeyUse.Refuse),
        ["layer_replication"] = ("null", KeyUse.Refuse),
        ["layers_pattern"] = ("null", KeyUse.Support),
        ["layers_to_transform"] = ("null", KeyUse.Support),
        ["loftq_config"] = ("{}", KeyUse.Support),
        ["lora_alpha"] = ("8", KeyUse.Support),
        ["lora_bias"] = ("false", KeyUse.Support),
        ["lora_dropout"] = ("0.0", KeyUse.Support),
        ["lora_ga_config"] = ("null", KeyUse.Ignore),
        ["megatron_config"] = ("null", KeyUse.Refuse),
        ["megatron_core"] = ("\"megatron.core\"", KeyUse.Ignore),
        ["modules_to_save"] = ("null", KeyUse.Support),
        ["monteclora_config"] = ("null", KeyUse.Refuse),
        ["peft_type"] = ("\"LORA\"", KeyUse.Support),
        ["peft_version"] = ("null", KeyUse.Ignore),
        ["qalora_group_size"] = ("16", KeyUse.Ignore),
        ["r"] = ("8", KeyUse.Support),
        ["rank_pattern"] = ("{}", KeyUse.Support),
        ["revision"] = ("null", KeyUse.Ignore),
        ["target_modules"] = ("null", KeyUse.Support),
        ["target_parameters"] = ("null", KeyUse.Refuse),
        ["task_type"] = ("null", KeyUse.Ignore),
        ["trainable_token_indices"] = ("null", KeyUse.Support),
        ["use_bdlora"] = ("null", KeyUse.Refuse),
        ["use_dora"] = ("false", KeyUse.Support),
        ["use_qalora"] = ("false", KeyUse.Refuse),
        ["use_rslora"] = ("false", KeyUse.Support),
        ["velora_config"] = ("null", KeyUse.Refuse),
    };

    public static IReadOnlyCollection<string> All => Keys.Keys;

    public static bool IsKnown(string key) => Keys.ContainsKey(key);

    public static KeyUse UseOf(string key) => Keys[key].Use;

    public static JsonNode? DefaultOf(string key) => JsonNode.Parse(Keys[key].Default);

    /// <summary>True if the value is the default, or what older versions of PEFT wrote for "not set".</summary>
    public static bool IsDefault(string key, JsonNode? value)
        => JsonNode.DeepEquals(value, DefaultOf(key)) || value is null or JsonArray { Count: 0 } or JsonObject { Count: 0 };
}
