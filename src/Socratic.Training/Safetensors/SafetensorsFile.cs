using Microsoft.Win32.SafeHandles;
using Socratic.Training.Layers;
using static TorchSharp.torch;

namespace Socratic.Training.Safetensors;

/// <summary>
/// A safetensors file opened for reading. The header is read and checked when the file is opened; a tensor's bytes only when it is asked for,
/// straight into its memory. A file that breaks any rule of the format is refused as a whole.
/// </summary>
public sealed class SafetensorsFile : ITensorSource, IDisposable
{
    private readonly SafeFileHandle handle;
    private readonly SafetensorsHeader header;

    private SafetensorsFile(string path, SafeFileHandle handle)
    {
        FilePath = path;
        this.handle = handle;
        header = HeaderReader.Read(path, RandomAccess.GetLength(handle), ReadExactly);
    }

    /// <summary>The path the file was opened under.</summary>
    public string FilePath { get; }

    /// <summary>The texts under <c>__metadata__</c>, or null where the file has none.</summary>
    public IReadOnlyDictionary<string, string>? Metadata => header.Metadata;

    /// <summary>The tensors by name (ordinal).</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Tensors => header.Tensors;

    /// <summary>The names of the tensors.</summary>
    public IReadOnlyCollection<string> Names => field ??= [.. header.Tensors.Keys];

    /// <summary>Where the tensors' bytes begin.</summary>
    internal long DataStart => header.DataStart;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="SafetensorsException">The file is not a well-formed safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        try
        {
            return new SafetensorsFile(path, handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Reads a tensor in its stored dtype and shape on the CPU; the caller owns it.</summary>
    /// <exception cref="KeyNotFoundException">There is no tensor of that name.</exception>
    /// <exception cref="NotSupportedException">torch has no such dtype (unsigned integers above 8 bits, some 8-bit floats, floats below 8 bits).</exception>
    public Tensor Read(string name)
    {
        var entry = Entry(name);
        var tensor = empty(entry.Shape.ToArray(), dtype: TorchType(entry));
        try
        {
            TensorBytes.ForEach(tensor, (bytes, offset) => ReadExactly(bytes, entry.Offset + offset));
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Locate(string name) => $"{FilePath}: '{SafetensorsException.Shown(name)}'";

    /// <summary>
    /// Reads a tensor into an existing one of the same shape, on any device. A different dtype is converted piece by piece, so that no whole copy
    /// in the stored dtype is ever held.
    /// </summary>
    /// <exception cref="KeyNotFoundException">There is no tensor of that name.</exception>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    /// <exception cref="NotSupportedException">torch has no such dtype.</exception>
    public void ReadInto(string name, Tensor destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var entry = Entry(name);
        if (!entry.Shape.SequenceEqual(destination.shape))
        {
            var (found, expected) = (string.Join(", ", entry.Shape), string.Join(", ", destination.shape));
            throw new ArgumentException($"{FilePath}: '{SafetensorsException.Shown(name)}' has shape [{found}], expected [{expected}].", nameof(destination));
        }
        var stored = TorchType(entry);
        using var _ = no_grad();
        if (destination.dtype == stored && destination.device_type == TorchSharp.DeviceType.CPU && destination.is_contiguous())
        {
            TensorBytes.ForEach(destination, (bytes, offset) => ReadExactly(bytes, entry.Offset + offset));
        }
        else
        {
            TensorBytes.Fill(destination, stored, (bytes, offset) => ReadExactly(bytes, entry.Offset + offset));
        }
    }

    /// <summary>Reads the bytes of a tensor as they are stored (little-endian, row by row), of any dtype, at most 2 GB.</summary>
    /// <exception cref="KeyNotFoundException">There is no tensor of that name.</exception>
    public byte[] ReadBytes(string name)
    {
        var entry = Entry(name);
        var bytes = new byte[entry.Length];
        ReadExactly(bytes, entry.Offset);
        return bytes;
    }

    /// <summary>True if two tensors have the same dtype, shape and bytes; neither is held in memory as a whole.</summary>
    internal bool Equals(string name, SafetensorsFile other, string otherName)
    {
        const int pieceBytes = 1 << 20;
        var (left, right) = (Entry(name), other.Entry(otherName));
        if (left.Dtype != right.Dtype || !left.Shape.SequenceEqual(right.Shape)) return false;
        var (mine, theirs) = (new byte[pieceBytes], new byte[pieceBytes]);
        for (var offset = 0L; offset < left.Length; offset += pieceBytes)
        {
            var count = (int)Math.Min(pieceBytes, left.Length - offset);
            ReadExactly(mine.AsSpan(0, count), left.Offset + offset);
            other.ReadExactly(theirs.AsSpan(0, count), right.Offset + offset);
            if (!mine.AsSpan(0, count).SequenceEqual(theirs.AsSpan(0, count))) return false;
        }
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();

    private SafetensorsEntry Entry(string name) => header.Tensors.TryGetValue(name, out var entry)
        ? entry
        : throw new KeyNotFoundException($"{FilePath}: there is no tensor '{SafetensorsException.Shown(name)}' among its {header.Tensors.Count}.");

    private ScalarType TorchType(SafetensorsEntry entry) => SafetensorsDtype.Find(entry.Dtype)!.Torch
        ?? throw new NotSupportedException($"{FilePath}: '{SafetensorsException.Shown(entry.Name)}' is {entry.Dtype}, a dtype that torch does not have here.");

    private void ReadExactly(Span<byte> bytes, long offset)
    {
        while (bytes.Length > 0)
        {
            var read = RandomAccess.Read(handle, bytes, offset);
            if (read == 0) throw new SafetensorsException(FilePath, null, $"the end of the file at byte {offset}", "the length it had when it was opened");
            bytes = bytes[read..];
            offset += read;
        }
    }
}
