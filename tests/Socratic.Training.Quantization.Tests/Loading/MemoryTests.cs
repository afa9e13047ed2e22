using Socratic.Training.Diagnostics;
using Socratic.Training.Quantization.Loading;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Loading;

/// <summary>What loading takes, and what is said when there is less.</summary>
public sealed class MemoryTests(ITestOutputHelper output)
{
    [Fact]
    public void LoadingHoldsLittleMoreThanTheModelAndTheLargestTensor()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the peak of resident memory is read and reset in /proc");
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder.Path, ScalarType.BFloat16, hidden: 2048, layers: 3, vocabulary: 4096, bias: false);
        using (Load(folder)) { }
        new MemoryReleaser().Release();
        var before = Resident("VmRSS:");
        File.WriteAllText("/proc/self/clear_refs", "5");
        using var model = Load(folder);
        var peak = Resident("VmHWM:") - before;
        var codes = CheckpointGoldenTests.Quantized(model).Values.Sum(l => l.StoredTensors().Sum(t => t.Value.numel() * t.Value.element_size()));
        var others = model.parameters().Sum(p => p.numel() * p.element_size());
        var dense = CheckpointGoldenTests.Quantized(model).Values.Sum(l => 2 * l.CodedWeights);
        const long Largest = 2L * 2048 * 4096;
        output.WriteLine($"codes {codes / 1e6:N1} MB, others {others / 1e6:N1} MB, largest tensor {Largest / 1e6:N1} MB, peak {peak / 1e6:N1} MB (16 bits: {(dense + others) / 1e6:N1} MB)");
        Assert.InRange(peak, 0, (1.15 * (codes + others)) + Largest);
    }

    [Fact]
    public void AModelThatDoesNotFitIsRefusedWithACount()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder.Path);
        var error = Refused(folder, available: 100_000, rows: 0);
        Assert.Equal(100_000, error.AvailableBytes);
        Assert.True(error.NeededBytes > error.AvailableBytes);
        Assert.Equal(0, error.LargestMicroBatch);
        foreach (var part in new[] { folder.Path, "in 4 bits", "everything else", "largest tensor", "No micro-batch" }) Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheLargestMicroBatchThatFitsIsNamedAndFits()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder.Path);
        var error = Refused(folder, available: 20_000_000, rows: 1000);
        Assert.InRange(error.LargestMicroBatch, 1, 999);
        Assert.Contains($"has {error.LargestMicroBatch} row", error.Message, StringComparison.Ordinal);
        using (LoadWith(folder, 20_000_000, error.LargestMicroBatch)) { }
        Refused(folder, 20_000_000, error.LargestMicroBatch + 1);
        Assert.True(Refused(folder, 20_000_000, 100_000, recomputes: true).LargestMicroBatch > error.LargestMicroBatch);
    }

    [Fact]
    public void NormsInFloat32AreCountedWithWhatTheyDoToTheTokens()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder.Path, ScalarType.BFloat16);
        long Needed(bool norms, int rows) => Assert.Throws<ModelDoesNotFitException>(() => LoadWith(folder, 1, rows, dtype: ModelDtype.BFloat16, options: new QuantizationOptions { NormsInFloat32 = norms })).NeededBytes;
        using var model = LoadWith(folder, long.MaxValue, 0, dtype: ModelDtype.BFloat16, options: new QuantizationOptions { NormsInFloat32 = true });
        var small = model.parameters().Where(p => p.dtype == ScalarType.Float32).Sum(p => p.numel());
        Assert.Equal(2 * small, Needed(norms: true, rows: 0) - Needed(norms: false, rows: 0));
        Assert.Equal(2 * (Needed(norms: false, rows: 900) - Needed(norms: false, rows: 400)), Needed(norms: true, rows: 900) - Needed(norms: true, rows: 400));
    }

    [Fact]
    public void ADisposedModelHasFreedItsCodes()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder.Path);
        var model = Load(folder);
        var layers = CheckpointGoldenTests.Quantized(model).Values.ToArray();
        Assert.NotEmpty(layers);
        model.Dispose();
        foreach (var weight in layers.Select(l => l.Weight))
            foreach (var tensor in new[] { weight.Packed, weight.Absmax, weight.Nested!.Absmax, weight.Nested.Map }) Assert.True(tensor.IsInvalid);
    }

    private static ModelDoesNotFitException Refused(TemporaryFolder folder, long available, int rows, bool recomputes = false)
        => Assert.Throws<ModelDoesNotFitException>(() => LoadWith(folder, available, rows, recomputes));

    private static CausalLanguageModel LoadWith(
        TemporaryFolder folder, long available, int rows, bool recomputes = false, ModelDtype dtype = ModelDtype.Float32, QuantizationOptions? options = null) => CausalLanguageModel.Load(folder.Path, load =>
    {
        load.Dtype = dtype;
        load.PlannedMicroBatch = rows == 0 ? null : new MicroBatchPlan(rows, Tokens: 16, recomputes);
        load.LinearFactory = new FourBitFormat(load, options) { AvailableBytes = _ => available };
    });

    private static CausalLanguageModel Load(TemporaryFolder folder) => CausalLanguageModel.Load(folder.Path, load =>
    {
        load.Dtype = ModelDtype.BFloat16;
        load.QuantizeTo4Bit();
    });

    private static long Resident(string key) => 1024 * long.Parse(
        File.ReadLines("/proc/self/status").First(l => l.StartsWith(key, StringComparison.Ordinal))[key.Length..].Replace("kB", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture);
}
