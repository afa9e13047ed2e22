using System.Numerics;
using System.Text.Json.Nodes;
using Socratic.Training.Quantization.Files;

namespace Socratic.Training.Quantization;

/// <summary>How weights are brought to 4 bits, with bitsandbytes' meaning and defaults.</summary>
public sealed record QuantizationOptions
{
    /// <summary>The key of the section that 4-bit weights have in training_config.json.</summary>
    internal const string ConfigurationSection = "bnb_config";

    internal const int SmallestBlock = 32;

    internal const int LargestBlock = 4096;

    /// <summary>The code book (<c>bnb_4bit_quant_type</c>).</summary>
    /// <value>Default: <see cref="QuantizationType.NF4"/>.</value>
    public QuantizationType Type { get; init; } = QuantizationType.NF4;

    /// <summary>How many weights, in the order in which they lie in memory, share one scale: a power of two from 32 to 4096.</summary>
    /// <value>Default: 64.</value>
    public int BlockSize { get; init; } = 64;

    /// <summary>Bring the scales to 8 bits as well, 256 to a block (<c>bnb_4bit_use_double_quant</c>): 4.13 bits a weight instead of 4.5 at block size 64.</summary>
    /// <value>Default: true.</value>
    public bool DoubleQuantization { get; init; } = true;

    /// <summary>The dtype in which layers multiply (<c>bnb_4bit_compute_dtype</c>).</summary>
    /// <value>Default: <see cref="QuantizedComputeDtype.Auto"/>.</value>
    public QuantizedComputeDtype ComputeDtype { get; init; } = QuantizedComputeDtype.Auto;

    /// <summary>
    /// Linear layers that stay as they are (<c>llm_int8_skip_modules</c>): the whole path, its end (<c>down_proj</c>) or the module they lie in
    /// (<c>model.layers.0</c>). The head always stays.
    /// </summary>
    /// <value>Default: none.</value>
    public IReadOnlyList<string> SkipModules { get; init; } = [];

    /// <summary>
    /// Norms and the biases of 4-bit layers in float32 in a model of 16 bits, as PEFT's <c>prepare_model_for_kbit_training</c> has them; embedding and head stay (in
    /// float32 they alone would take gigabytes). Where a norm's output has its weight's dtype (Llama, Mistral, Qwen) the residual stream and attention are float32
    /// then: gradients see fewer roundings, activations take twice the memory. Gemma's norms compute in float32 anyway: nothing changes. Products are made in the
    /// model's dtype, unless <see cref="ComputeDtype"/> says another; files keep the model's dtype.
    /// </summary>
    /// <value>Default: false, as a model is loaded in Python before that call: who only loads gets the published model's numbers and half the activations.</value>
    public bool NormsInFloat32 { get; init; }

    /// <summary>
    /// Reads the <c>bnb_config</c> section of a training_config.json, which has bitsandbytes' names; what is not there has its default.
    /// </summary>
    /// <returns>Null if the section says that weights are not in 4 bits.</returns>
    /// <exception cref="InvalidDataException">A value is wrong; the message names the key.</exception>
    public static QuantizationOptions? FromConfiguration(JsonObject section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return ConfigurationSectionReader.Read(section);
    }

    /// <summary>Every problem of the settings; empty if there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (!Enum.IsDefined(Type)) problems.Add($"{nameof(Type)} is {(int)Type}: expected {Names<QuantizationType>()}.");
        if (!IsBlockSize(BlockSize)) problems.Add($"{nameof(BlockSize)} is {BlockSize}: expected a power of two from {SmallestBlock} to {LargestBlock}.");
        if (!Enum.IsDefined(ComputeDtype)) problems.Add($"{nameof(ComputeDtype)} is {(int)ComputeDtype}: expected {Names<QuantizedComputeDtype>()}.");
        return problems;
    }

    internal static bool IsBlockSize(int size) => size is >= SmallestBlock and <= LargestBlock && BitOperations.IsPow2(size);

    /// <exception cref="ArgumentException">Something is wrong; the message lists all of it.</exception>
    internal void Check()
    {
        var problems = Validate();
        if (problems.Count > 0) throw new ArgumentException($"The quantization options are wrong: {string.Join(" ", problems)}");
    }

    private static string Names<T>() where T : struct, Enum => string.Join(", ", Enum.GetNames<T>());
}
