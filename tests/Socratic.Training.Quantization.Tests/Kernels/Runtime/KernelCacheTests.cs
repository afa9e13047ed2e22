using Socratic.Training.Quantization.Kernels;

namespace Socratic.Training.Quantization.Tests.Kernels.Runtime;

/// <summary>The cache gives back what was written, or nothing.</summary>
public sealed class KernelCacheTests : IDisposable
{
    private const string Key = "a-kernel";

    private readonly string folder = Directory.CreateTempSubdirectory("socratic-kernels-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void WhatIsWrittenIsRead()
    {
        var cache = new KernelCache(Path.Combine(folder, "made", "when needed"));
        Assert.Null(cache.Read(Key));
        cache.Write(Key, [1, 2, 3]);
        Assert.Equal([1, 2, 3], cache.Read(Key));
        cache.Write(Key, [4]);
        Assert.Equal([4], cache.Read(Key));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(cache.FileOf(Key))!));
    }

    [Fact]
    public void AFileCutOrChangedAnywhereIsNone()
    {
        var cache = new KernelCache(folder);
        cache.Write(Key, [.. Enumerable.Range(0, 50).Select(i => (byte)i)]);
        var whole = File.ReadAllBytes(cache.FileOf(Key));
        for (var i = 0; i < whole.Length; i++)
        {
            File.WriteAllBytes(cache.FileOf(Key), whole[..i]);
            Assert.Null(cache.Read(Key));
            var changed = whole.ToArray();
            changed[i] ^= 1;
            File.WriteAllBytes(cache.FileOf(Key), changed);
            Assert.Null(cache.Read(Key));
        }
    }

    [Fact]
    public void AFolderThatCannotBeIsNoError()
    {
        var file = Path.Combine(folder, "file");
        File.WriteAllText(file, "");
        var cache = new KernelCache(Path.Combine(file, "below a file"));
        cache.Write(Key, [1]);
        Assert.Null(cache.Read(Key));
    }

    [Fact]
    public void TheKeyHoldsSourceGpuAndCompiler()
    {
        var keys = new[]
        {
            KernelCache.Key(KernelModule.Quantize, "sm_80", new(12, 4)), KernelCache.Key(KernelModule.Quantize, "sm_90", new(12, 4)),
            KernelCache.Key(KernelModule.Quantize, "sm_80", new(12, 8)), KernelCache.Key(KernelModule.Dequantize, "sm_80", new(12, 4)),
        };
        Assert.Equal(4, keys.Distinct().Count());
        Assert.Contains(KernelModule.Quantize.Hash[..24], keys[0], StringComparison.Ordinal);
        Assert.Equal(KernelModule.All.Length, KernelModule.All.Select(m => m.Hash).Distinct().Count());
    }
}
