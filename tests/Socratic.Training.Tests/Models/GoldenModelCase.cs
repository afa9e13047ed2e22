using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Data;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Models;

/// <summary>One checkpoint of golden/models with its reference values, and its batches in the framework's form.</summary>
internal sealed class GoldenModelCase
{
    public const string Area = "models";

    // The README's tolerances in float32.
    public const double StateL2 = 1e-5;
    public const double StateLargest = 3e-5;
    public const double Gradient = 1e-4;
    public const double LossRelative = 2e-6;

    public GoldenModelCase(GoldenEntry entry)
    {
        Folder = GoldenRoot.File(Area, entry["path"]);
        Values = new GoldenTensors(Path.Combine(Folder, "golden.safetensors"));
        Json = GoldenRoot.Json(Path.Combine(Folder, "golden.json"));
    }

    public string Folder { get; }

    public GoldenTensors Values { get; }

    public JsonElement Json { get; }

    public CausalLanguageModel Load(ModelDtype dtype = ModelDtype.Float32) => CausalLanguageModel.Load(Folder, load => load.Dtype = dtype);

    /// <summary>The check with the kernels, and again with torch operators alone.</summary>
    public void Both(Action<CausalLanguageModel> check)
    {
        foreach (var usesKernels in new[] { true, false })
        {
            using var model = Load();
            model.UsesKernels = usesKernels;
            check(model);
        }
    }

    public Tensor Ids(string name) => tensor(Values.Integers(name), Values.Shape(name));

    /// <summary>The stored batch: its documents follow from the attention mask, or from the restarting positions of a packed row.</summary>
    public TokenBatch Batch(string name)
    {
        var ids = Ids($"{name}.input_ids");
        var labels = Values.Integers($"{name}.labels");
        var (rows, length) = ((int)ids.shape[0], (int)ids.shape[1]);
        var targets = Enumerable.Range(0, labels.Length).Count(i => i % length != 0 && labels[i] != TokenBatch.IgnoreLabel);
        return new TokenBatch(ids, tensor(labels, ids.shape), Layout(name, rows, length), [.. Enumerable.Range(0, rows)], targets);
    }

    public bool[] IsReal(string name)
    {
        var count = Values.Integers(name.Length == 0 ? "input_ids" : $"{name}.input_ids").Length;
        return Values.Has($"{name}.attention_mask") ? [.. Values.Integers($"{name}.attention_mask").Select(m => m == 1)] : [.. Enumerable.Repeat(true, count)];
    }

    /// <summary>Compares a tensor [rows, length, ...] at real positions.</summary>
    public void StatesAgree(string golden, Tensor actual, bool[] isReal, double scale = 1) => Agree(golden, actual, isReal, StateL2 * scale, StateLargest * scale);

    public void Agree(string golden, Tensor actual, bool[]? isReal, double l2, double largest)
    {
        Assert.Equal(Values.Shape(golden), actual.shape);
        var expected = Chosen(Values.Floats(golden), isReal);
        var got = Chosen(Floats(actual), isReal);
        Close.RelativeL2(got, expected, l2, golden);
        Close.OfLargest(got, expected, largest, golden);
    }

    public static float[] Floats(Tensor values)
    {
        using var scope = NewDisposeScope();
        return values.detach().to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
    }

    public static long[] Longs(Tensor values)
    {
        using var scope = NewDisposeScope();
        return values.to(ScalarType.Int64).cpu().contiguous().data<long>().ToArray();
    }

    private static float[] Chosen(float[] values, bool[]? isReal)
    {
        if (isReal is null) return values;
        var width = values.Length / isReal.Length;
        return [.. values.Where((_, i) => isReal[i / width])];
    }

    private AttentionLayout Layout(string name, int rows, int length)
    {
        if (name == "packed") return new AttentionLayout(length, [Documents(Values.Integers("packed.position_ids"))]);
        if (!Values.Has($"{name}.attention_mask")) return AttentionLayout.Full(rows, length);
        var mask = Values.Integers($"{name}.attention_mask");
        return new AttentionLayout(length, [.. Enumerable.Range(0, rows).Select(r => Document(mask.AsSpan(r * length, length)))]);
    }

    private static List<DocumentSpan> Document(ReadOnlySpan<long> mask)
    {
        var start = mask.IndexOf(1);
        return start < 0 ? [] : [new DocumentSpan(start, mask.LastIndexOf(1) + 1 - start)];
    }

    private static List<DocumentSpan> Documents(long[] positions)
    {
        var starts = Enumerable.Range(0, positions.Length).Where(i => positions[i] == 0).Append(positions.Length).ToList();
        return [.. starts.Zip(starts.Skip(1), (a, b) => new DocumentSpan(a, b - a))];
    }
}
