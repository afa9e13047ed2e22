using Socratic.Training.Layers;
using Socratic.Training.Quantization.Codec;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Files;

/// <summary>
/// A 4-bit weight as bitsandbytes stores it: <c>weight</c> (codes), <c>weight.absmax</c>, <c>weight.quant_map</c>, for scales in 8 bits
/// <c>weight.nested_absmax</c> and <c>weight.nested_quant_map</c>, and <c>weight.quant_state.bitsandbytes__nf4</c>.
/// </summary>
internal static class StoredWeight
{
    public const string Codes = "weight";
    private const string Absmax = "weight.absmax";
    private const string Map = "weight.quant_map";
    private const string NestedAbsmax = "weight.nested_absmax";
    private const string NestedMap = "weight.nested_quant_map";
    private const string State = "weight.quant_state.bitsandbytes__";

    /// <summary>True if there are 4-bit codes, or anything that belongs to some.</summary>
    public static bool IsIn(ITensorSource tensors) => tensors.Names.Any(n => n.StartsWith("weight.", StringComparison.Ordinal));

    /// <summary>The tensors under their names; the map and the state are made in the caller's dispose scope.</summary>
    public static List<KeyValuePair<string, Tensor>> Tensors(QuantizedTensor weight)
    {
        var tensors = new List<KeyValuePair<string, Tensor>> { new(Codes, weight.Packed), new(Absmax, weight.Absmax), new(Map, MapOf(weight.Type)) };
        if (weight.Nested is { } nested)
        {
            tensors.Add(new(NestedAbsmax, nested.Absmax));
            tensors.Add(new(NestedMap, nested.Map));
        }
        var state = QuantState.Of(weight).Write();
        tensors.Add(new(State + QuantizationNames.Of(weight.Type), tensor(state, [state.Length], ScalarType.Byte)));
        return tensors;
    }

    /// <summary>Reads a weight [<paramref name="outFeatures"/>, <paramref name="inFeatures"/>] and checks everything that is told of it.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing, superfluous or wrong; the message names file and key, what was found and expected.</exception>
    public static QuantizedTensor Read(ITensorSource tensors, long inFeatures, long outFeatures)
    {
        using var scope = NewDisposeScope();
        var stateName = StateName(tensors);
        var state = ReadState(tensors, stateName);
        long[] shape = [outFeatures, inFeatures];
        if (!state.Shape.SequenceEqual(shape))
            throw Wrong(tensors, stateName, $"shape [{string.Join(", ", state.Shape)}]", $"[{string.Join(", ", shape)}], as config.json asks for");
        CheckNames(tensors, stateName, state.Nested is not null);
        CheckMap(tensors, state.Type);
        var blocks = (outFeatures * inFeatures + state.BlockSize - 1) / state.BlockSize;
        var codes = Part(tensors, Codes, ScalarType.Byte, (outFeatures * inFeatures + 1) / 2);
        var absmax = Part(tensors, Absmax, state.Nested is null ? ScalarType.Float32 : ScalarType.Byte, blocks);
        NestedScales? nested = null;
        if (state.Nested is { } told)
            nested = new NestedScales(
                Part(tensors, NestedAbsmax, ScalarType.Float32, (blocks + told.BlockSize - 1) / told.BlockSize), Part(tensors, NestedMap, ScalarType.Float32, 256), told.Offset, told.BlockSize);
        var weight = new QuantizedTensor(codes, absmax, nested, state.Type, state.BlockSize, state.Dtype, shape);
        if (!weight.RestoredScales().isfinite().all().ToBoolean()) throw Wrong(tensors, Absmax, "scales that are infinite or not a number", "finite ones");
        foreach (var part in new[] { codes, absmax, nested?.Absmax, nested?.Map }) part?.DetachFromDisposeScope();
        return weight;
    }

    private static string StateName(ITensorSource tensors)
    {
        var names = tensors.Names.Where(n => n.StartsWith("weight.quant_state.", StringComparison.Ordinal)).ToList();
        return names switch
        {
            [] => throw new InvalidDataException(
                $"{tensors.Locate(State + "nf4")} is missing: without its quantization state (or that of fp4) a 4-bit weight cannot be read."),
            [var name] when name.StartsWith(State, StringComparison.Ordinal) => name,
            _ => throw Wrong(tensors, names[^1], string.Join(" and ", names), $"one {State}nf4 or {State}fp4"),
        };
    }

    private static QuantState ReadState(ITensorSource tensors, string name)
    {
        using var stored = tensors.Read(name);
        if (stored.dtype != ScalarType.Byte || stored.dim() != 1) throw Wrong(tensors, name, Shown(stored), "bytes of JSON");
        var state = QuantState.Parse(stored.bytes, tensors.Locate(name));
        var suffix = name[State.Length..];
        return suffix == QuantizationNames.Of(state.Type) ? state : throw Wrong(tensors, name, $"quant_type {QuantizationNames.Of(state.Type)} under this name", $"{suffix}, as the name says");
    }

    private static void CheckNames(ITensorSource tensors, string state, bool isNested)
    {
        string[] expected = isNested ? [Codes, Absmax, Map, NestedAbsmax, NestedMap, state] : [Codes, Absmax, Map, state];
        foreach (var name in tensors.Names.Where(n => n.StartsWith("weight.", StringComparison.Ordinal)).Except(expected, StringComparer.Ordinal))
        {
            var why = name is NestedAbsmax or NestedMap ? $"only where {state} tells nested_blocksize, nested_dtype and nested_offset" : "no such tensor of a 4-bit weight";
            throw Wrong(tensors, name, "this tensor", why);
        }
        foreach (var name in expected.Except(tensors.Names, StringComparer.Ordinal)) throw new InvalidDataException($"{tensors.Locate(name)} is missing from a 4-bit weight.");
    }

    /// <summary>The type fixes the 16 values, in bitsandbytes' kernels too: a map with others would not be what they compute.</summary>
    private static void CheckMap(ITensorSource tensors, QuantizationType type)
    {
        using var map = Part(tensors, Map, ScalarType.Float32, 16);
        var expected = CodeBook.Of(type).Values;
        var found = map.data<float>().ToArray();
        for (var i = 0; i < expected.Length; i++)
            if (!(found[i] == expected[i])) throw Wrong(tensors, Map, $"{found[i]:R} at {i}", $"{expected[i]:R}, the value of {QuantizationNames.Of(type)}");
    }

    private static Tensor Part(ITensorSource tensors, string name, ScalarType dtype, long count)
    {
        var part = tensors.Read(name);
        return part.dtype == dtype && part.numel() == count ? part : throw Wrong(tensors, name, Shown(part), $"{dtype} with {count} elements");
    }

    private static Tensor MapOf(QuantizationType type)
    {
        // Files have +0 where the kernels, which never read the map, have -0 (FP4's code 8).
        using var values = tensor(Array.ConvertAll(CodeBook.Of(type).Values, v => v == 0 ? 0f : v));
        return values.clone();
    }

    private static string Shown(Tensor tensor) => $"{tensor.dtype} [{string.Join(", ", tensor.shape)}]";

    private static InvalidDataException Wrong(ITensorSource tensors, string name, string found, string expected)
        => new($"{tensors.Locate(name)}: found {found}, expected {expected}.");
}
