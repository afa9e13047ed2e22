using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Socratic.Training.Files;

namespace Socratic.Training.Lora.Files;

/// <summary>README.md beside an adapter: what Hugging Face shows, and how to load it.</summary>
internal static partial class ModelCard
{
    public const string FileName = "README.md";

    /// <summary>Writes the card if there is none: one that a person has edited stays.</summary>
    public static void Write(string directory, LoraAdapter adapter, string? baseModel)
    {
        var path = Path.Combine(directory, FileName);
        if (File.Exists(path)) return;
        var o = adapter.Options;
        var text = new StringBuilder("---\n");
        // A hub refuses a page whose base_model is no id of its own.
        if (baseModel is not null && IsHubId(baseModel)) text.Append(CultureInfo.InvariantCulture, $"base_model: {baseModel}\n");
        text.Append("library_name: peft\npipeline_tag: text-generation\ntags:\n- lora\n- socratic-training\n---\n\n# LoRA adapter\n\n");
        if (baseModel is not null) text.Append(CultureInfo.InvariantCulture, $"An adapter of `{(Path.IsPathRooted(baseModel) ? Path.GetFileName(Path.TrimEndingDirectorySeparator(baseModel)) : baseModel)}`, trained with Socratic.Training (.NET). ");
        text.Append("Its files are PEFT's.\n\n| setting | value |\n|---|---|\n");
        Row(text, "rank, alpha, dropout", string.Create(CultureInfo.InvariantCulture, $"{o.Rank}, {o.Alpha}, {o.Dropout}"));
        Row(text, "targets", o.TargetModules!.ToString());
        Row(text, "kind", string.Join(", ", new[] { o.UseDora ? "DoRA" : "LoRA", o.UseRsLora ? "rsLoRA" : null, o.Initialization.Name == "true" ? null : $"begun with {o.Initialization}" }.OfType<string>()));
        Row(text, "layers", adapter.Layers.Count.ToString(CultureInfo.InvariantCulture));
        text.Append("\n```python\nfrom peft import AutoPeftModelForCausalLM\nmodel = AutoPeftModelForCausalLM.from_pretrained(\"<this folder>\")\n```\n\n");
        text.Append("```csharp\nusing var model = CausalLanguageModel.Load(\"<base model>\");\nmodel.LoadAdapter(\"<this folder>\");\n```\n");
        AtomicFile.WriteText(path, text.ToString());
    }

    private static bool IsHubId(string name) => HubId().IsMatch(name) && !Directory.Exists(name);

    [GeneratedRegex(@"^(?!\.)[A-Za-z0-9._-]+/(?!\.)[A-Za-z0-9._-]+\z")]
    private static partial Regex HubId();

    private static void Row(StringBuilder text, string name, string value)
        => text.Append(CultureInfo.InvariantCulture, $"| {name} | {value.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ")} |\n");
}
