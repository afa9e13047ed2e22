using static TorchSharp.torch;

namespace Socratic.Training.Safetensors;

/// <summary>A tensor to be written: its header entry, and its bytes on demand.</summary>
internal sealed record StoredTensor(string Name, SafetensorsDtype Dtype, IReadOnlyList<long> Shape, Action<Stream> Write)
{
    /// <summary>Size in bytes.</summary>
    public long Length { get; } = checked(Shape.Aggregate(1L, (product, d) => checked(product * d)) * Dtype.Bits / 8);

    /// <summary>Of a tensor on any device and in any layout: it is copied to the CPU, if need be, when its turn comes.</summary>
    public static StoredTensor Of(string name, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        var dtype = SafetensorsDtype.Find(tensor.dtype)
            ?? throw new NotSupportedException($"'{SafetensorsException.Shown(name)}' is {tensor.dtype}, which safetensors does not have.");
        return new StoredTensor(name, dtype, tensor.shape, stream => Copy(tensor, stream));
    }

    private static void Copy(Tensor tensor, Stream stream)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var plain = tensor.detach().cpu().contiguous();
        TensorBytes.ForEach(plain, (bytes, offset) => stream.Write(bytes));
    }
}
