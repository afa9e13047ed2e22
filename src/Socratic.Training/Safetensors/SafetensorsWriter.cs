using Socratic.Training.Files;
using static TorchSharp.torch;

namespace Socratic.Training.Safetensors;

/// <summary>
/// Writes safetensors files, byte for byte as the reference library does: tensors by dtype, then by name. A file appears under its name only when
/// it is whole and on the disk; until then a file of that name stays as it was.
/// </summary>
public static class SafetensorsWriter
{
    internal const string MetadataKey = "__metadata__";

    /// <summary>Writes tensors, of any device and layout, straight from their memory.</summary>
    /// <param name="path">The file; replaced if it exists.</param>
    /// <param name="tensors">Names and tensors, each name once; they are read, not kept or disposed.</param>
    /// <param name="metadata">Texts for <c>__metadata__</c>, such as format = pt; null for none.</param>
    /// <exception cref="ArgumentException">A name comes twice, is <c>__metadata__</c> or is not Unicode text.</exception>
    /// <exception cref="NotSupportedException">The format has no such dtype.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        Write(path, [.. tensors.Select(t => StoredTensor.Of(t.Key, t.Value))], metadata);
    }

    internal static void Write(Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata)
        => WriteTo(stream, InOrder([.. tensors.Select(t => StoredTensor.Of(t.Key, t.Value))]), metadata);

    internal static void Write(string path, IReadOnlyCollection<StoredTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var ordered = InOrder(tensors);
        AtomicFile.Write(path, stream => WriteTo(stream, ordered, metadata));
    }

    private static void WriteTo(Stream stream, StoredTensor[] ordered, IReadOnlyDictionary<string, string>? metadata)
    {
        stream.Write(HeaderWriter.Bytes(ordered, metadata));
        foreach (var tensor in ordered) tensor.Write(stream);
    }

    private static StoredTensor[] InOrder(IReadOnlyCollection<StoredTensor> tensors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tensor in tensors)
        {
            if (tensor.Name == MetadataKey) throw new ArgumentException($"A tensor cannot be named '{MetadataKey}'.", nameof(tensors));
            if (!names.Add(tensor.Name)) throw new ArgumentException($"The tensor '{SafetensorsException.Shown(tensor.Name)}' comes twice.", nameof(tensors));
        }
        return [.. tensors.Select(t => (Tensor: t, Utf8: HeaderWriter.Utf8(t.Name)))
            .OrderBy(t => t.Tensor.Dtype.Rank).ThenBy(t => t.Utf8, Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)))
            .Select(t => t.Tensor)];
    }
}
