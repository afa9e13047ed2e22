using CsCheck;
using Socratic.Training.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Safetensors;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("safetensors-").FullName;
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private string Target => Path.Combine(folder, "a.safetensors");

    // TorchSharp fills no tensor of the two 8-bit floats; the golden files cover them.
    private static readonly ScalarType[] Types = [.. SafetensorsDtype.All.Where(d => d.Torch is not null && !d.Name.StartsWith("F8", StringComparison.Ordinal)).Select(d => d.Torch!.Value)];

    private static readonly Gen<(string Name, ScalarType Type, long[] Shape)> Tensors =
        Gen.Select(Gen.String, Gen.Int[0, Types.Length - 1].Select(i => Types[i]), Gen.Long[0, 4].Array[0, 4]);

    [Fact]
    public void What_is_written_reads_back_to_the_bit()
        => Tensors.Array[0, 6].Select(Gen.Dictionary(Gen.String, Gen.String)[0, 3]).Sample((tensors, metadata) =>
        {
            using var each = NewDisposeScope();
            var named = tensors.Where(t => IsText(t.Name) && t.Name != SafetensorsWriter.MetadataKey).DistinctBy(t => t.Name)
                .Select(t => KeyValuePair.Create(t.Name, randint(0, 100, t.Shape).to(t.Type))).ToList();
            var texts = metadata.Where(m => IsText(m.Key) && IsText(m.Value)).ToDictionary();
            SafetensorsWriter.Write(Target, named, texts);
            using var file = SafetensorsFile.Open(Target);
            Assert.Equal(texts, file.Metadata!.ToDictionary());
            Assert.Equal(named.Select(t => t.Key).Order(StringComparer.Ordinal), file.Names.Order(StringComparer.Ordinal));
            foreach (var (name, tensor) in named) Same(tensor, file.Read(name));
            Assert.Equal(0, (file.DataStart % 8) + (Directory.GetFiles(folder).Length - 1));
        }, iter: 200, threads: 1);

    [Fact]
    public void Any_layout_is_written_row_by_row()
    {
        var plain = arange(24, dtype: ScalarType.Float32).reshape(2, 3, 4);
        var transposed = plain.permute(2, 0, 1);
        var part = plain.narrow(2, 1, 2);
        var parameter = new TorchSharp.Modules.Parameter(arange(3, dtype: ScalarType.Float32));
        SafetensorsWriter.Write(Target, [new("transposed", transposed), new("part", part), new("parameter", parameter)]);
        using var file = SafetensorsFile.Open(Target);
        Same(transposed.contiguous(), file.Read("transposed"));
        Same(part.contiguous(), file.Read("part"));
        Same(parameter.detach(), file.Read("parameter"));
    }

    [Fact]
    public void Reading_into_a_tensor_keeps_its_dtype_and_layout()
    {
        var stored = arange(24, dtype: ScalarType.Float32).reshape(4, 6) / 8;
        SafetensorsWriter.Write(Target, [new("a", stored.to(ScalarType.BFloat16))]);
        using var file = SafetensorsFile.Open(Target);
        var same = zeros(4, 6, dtype: ScalarType.BFloat16);
        var wider = new TorchSharp.Modules.Parameter(zeros(4, 6));
        var whole = zeros(6, 5);
        var transposed = whole.narrow(1, 0, 4).t();
        file.ReadInto("a", same);
        file.ReadInto("a", wider);
        file.ReadInto("a", transposed);
        Same(stored.to(ScalarType.BFloat16), same);
        Same(stored, wider.detach());
        Same(stored, transposed.contiguous());
        Assert.Equal(0, whole.select(1, 4).abs().sum().ToSingle());
        Assert.Contains("shape [4, 6], expected [6, 4]", Assert.Throws<ArgumentException>(() => file.ReadInto("a", zeros(6, 4))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_larger_than_a_piece_reads_whole()
    {
        var large = arange(20_000_001, dtype: ScalarType.Int32);
        SafetensorsWriter.Write(Target, [new("a", large)]);
        using var file = SafetensorsFile.Open(Target);
        var converted = zeros(20_000_001, dtype: ScalarType.Int64);
        file.ReadInto("a", converted);
        Same(large, file.Read("a"));
        Same(large.to(ScalarType.Int64), converted);
    }

    [Fact]
    public void Nothing_is_left_behind_in_memory()
    {
        SafetensorsWriter.Write(Target, [new("a", ones(3, 4)), new("b", ones(5).to(ScalarType.BFloat16))]);
        using var file = SafetensorsFile.Open(Target);
        var destination = zeros(5);
        var before = Tensor.TotalCount;
        using (NewDisposeScope()) file.Read("a");
        file.Read("a").DetachFromDisposeScope().Dispose();
        file.ReadInto("b", destination);
        SafetensorsWriter.Write(Target, [new("a", destination)]);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Names_that_no_file_may_hold_are_refused_and_the_old_file_stands()
    {
        SafetensorsWriter.Write(Target, [new("a", ones(3))]);
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(Target, [new("__metadata__", ones(1))]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(Target, [new("x", ones(1)), new("x", ones(1))]));
        Assert.ThrowsAny<ArgumentException>(() => SafetensorsWriter.Write(Target, [new("\ud800", ones(1))]));
        Assert.Throws<NotSupportedException>(() => SafetensorsWriter.Write(Target, [new("z", ones(1, dtype: ScalarType.ComplexFloat64))]));
        using var file = SafetensorsFile.Open(Target);
        Same(ones(3), file.Read("a"));
        Assert.Single(Directory.GetFiles(folder));
    }

    [Fact]
    public void Errors_name_the_file_and_the_key()
    {
        Assert.Contains("none.safetensors", Assert.Throws<FileNotFoundException>(() => SafetensorsFile.Open(Path.Combine(folder, "none.safetensors"))).Message, StringComparison.Ordinal);
        SafetensorsWriter.Write(Target, [new StoredTensor("u", SafetensorsDtype.Find("U16")!, [2], s => s.Write(new byte[4])), StoredTensor.Of("a", ones(2))], null);
        using (var file = SafetensorsFile.Open(Target))
        {
            Assert.Contains("'nope'", Assert.Throws<KeyNotFoundException>(() => file.Read("nope")).Message, StringComparison.Ordinal);
            Assert.Contains("'u' is U16", Assert.Throws<NotSupportedException>(() => file.Read("u")).Message, StringComparison.Ordinal);
        }
        File.WriteAllBytes(Target, File.ReadAllBytes(Target)[..^1]);
        var error = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(Target));
        Assert.Equal((Target, null, "11 bytes of data"), (error.FilePath, error.Key, error.Found));
        Assert.Contains("truncated", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_cut_while_it_is_open_is_an_error_not_garbage()
    {
        SafetensorsWriter.Write(Target, [new("a", ones(100))]);
        using var file = SafetensorsFile.Open(Target);
        using (var cut = new FileStream(Target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) cut.SetLength(cut.Length - 4);
        Assert.Throws<SafetensorsException>(() => file.Read("a"));
    }

    [Fact]
    public void A_header_of_too_many_tensors_or_dimensions_is_refused()
    {
        Header(string.Join(',', Enumerable.Range(0, (1 << 18) + 1).Select(i => $"\"{i}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}")));
        Assert.Contains("more than 262144 tensors", Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(Target)).Message, StringComparison.Ordinal);
        Header($"\"a\":{{\"dtype\":\"U8\",\"shape\":[{string.Join(',', Enumerable.Repeat(1, 65))}],\"data_offsets\":[0,0]}}");
        Assert.Contains("more than 64 numbers in shape", Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(Target)).Message, StringComparison.Ordinal);
    }

    private void Header(string entries)
    {
        var json = System.Text.Encoding.UTF8.GetBytes($"{{{entries}}}");
        File.WriteAllBytes(Target, [.. BitConverter.GetBytes((long)json.Length), .. json]);
    }

    private static void Same(Tensor expected, Tensor actual)
    {
        Assert.Equal((expected.dtype, string.Join(',', expected.shape)), (actual.dtype, string.Join(',', actual.shape)));
        Assert.True(expected.contiguous().bytes.SequenceEqual(actual.contiguous().bytes));
    }

    private static bool IsText(string text) => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text)) == text;
}
