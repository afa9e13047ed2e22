using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Kernels;

/// <summary>A kernel: where it is, how many threads a block has, and the kinds of its arguments, a letter each: pointer, long, int, float.</summary>
internal sealed class KernelEntry
{
    private const string Scales = "ppppfi";

    private static readonly Dictionary<ScalarType, string> Suffixes = new() { [ScalarType.Float32] = "f32", [ScalarType.BFloat16] = "bf16", [ScalarType.Float16] = "f16" };

    private static readonly Dictionary<string, KernelEntry> Table = Build().ToDictionary(e => e.Name, StringComparer.Ordinal);

    // Looked up before every launch, so found by type rather than by a name put together.
    private static readonly Dictionary<ScalarType, KernelEntry> DequantizeTo = ByType("dequantize_"), QuantizeFrom = ByType("quantize_"), Dequantize8To = ByType("dequantize8_"), AdamW8Of = ByType("adamw8_");

    private static readonly Dictionary<ScalarType, KernelEntry[]> ProductOf = Suffixes.ToDictionary(s => s.Key, s => new[] { 1, 4, 16 }.Select(rows => Table[$"product_{s.Value}_{rows}"]).ToArray());

    private KernelEntry(KernelModule module, string name, int threads, string parameters)
    {
        (Module, Name, Threads, Parameters) = (module, name, threads, parameters);
        Kinds = KernelArguments.KindsOf(parameters);
    }

    internal KernelModule Module { get; }

    internal string Name { get; }

    internal int Threads { get; }

    internal string Parameters { get; }

    internal ulong Kinds { get; }

    internal static IReadOnlyCollection<KernelEntry> All => Table.Values;

    internal static KernelEntry Quantize8 { get; } = Table["quantize8_f32"];

    internal static KernelEntry Dequantize(ScalarType output) => Of(DequantizeTo, output);

    internal static KernelEntry Quantize(ScalarType input) => Of(QuantizeFrom, input);

    internal static KernelEntry Dequantize8(ScalarType output) => Of(Dequantize8To, output);

    internal static KernelEntry AdamW8(ScalarType parameter) => Of(AdamW8Of, parameter);

    internal static KernelEntry Product(ScalarType type, int rows) => Of(ProductOf, type)[rows == 1 ? 0 : rows <= 4 ? 1 : 2];

    internal static bool Supports(ScalarType type) => Suffixes.ContainsKey(type);

    public override string ToString() => Name;

    private static IEnumerable<KernelEntry> Build()
    {
        yield return new(KernelModule.Blockwise8, "quantize8_f32", 1024, "pfpppli");
        foreach (var (type, suffix) in Suffixes)
        {
            yield return new(KernelModule.Dequantize, $"dequantize_{suffix}", 256, "p" + Scales + "plii");
            yield return new(KernelModule.Quantize, $"quantize_{suffix}", type == ScalarType.Float32 ? 1024 : 512, "ppplii");
            yield return new(KernelModule.Blockwise8, $"dequantize8_{suffix}", 256, "ppppli");
            yield return new(KernelModule.AdamW8, $"adamw8_{suffix}", 256, "ppppppppffffffl");
            foreach (var rows in new[] { 1, 4, 16 }) yield return new(KernelModule.Product, $"product_{suffix}_{rows}", 128, "p" + Scales + "pppiiiii");
        }
    }

    private static Dictionary<ScalarType, KernelEntry> ByType(string prefix) => Suffixes.ToDictionary(s => s.Key, s => Table[prefix + s.Value]);

    private static T Of<T>(Dictionary<ScalarType, T> table, ScalarType type)
        => table.TryGetValue(type, out var entry) ? entry : throw new ArgumentException($"The CUDA kernels know float32, bfloat16 and float16, not {type}.", nameof(type));
}
