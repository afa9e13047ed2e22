using Socratic.Training.Quantization.Native;

namespace Socratic.Training.Quantization.Tests.Native;

/// <summary>Where the compiler is looked for, on Linux and on Windows, and what is said when it is nowhere.</summary>
public sealed class NvrtcLocatorTests
{
    [Fact]
    public void BesideLibtorchItIsFoundUnderItsHashedNameWithItsBuiltins()
    {
        var files = new FakeFiles { Folders = { ["/app"] = ["/app/libtorch_cuda.so", "/app/libnvrtc-builtins.so", "/app/libnvrtc-672ee683.so.12"] } };
        Assert.Equal([new("/app/libnvrtc-672ee683.so.12", "/app/libnvrtc-builtins.so"), new("libnvrtc.so.12", null), new("libnvrtc.so.13", null), new("libnvrtc.so", null)], NvrtcLocator.Candidates(files));
    }

    [Fact]
    public void OnWindowsTheNamesAreOthers()
    {
        var files = new FakeFiles { IsWindows = true, Folders = { ["/app"] = ["/app/nvrtc-builtins64_128.dll", "/app/nvrtc64_120_0.alt.dll", "/app/nvrtc64_120_0.dll"] } };
        Assert.Equal([new("/app/nvrtc64_120_0.dll", "/app/nvrtc-builtins64_128.dll"), new("nvrtc64_120_0.dll", null), new("nvrtc64_130_0.dll", null)], NvrtcLocator.Candidates(files));
    }

    [Theory]
    [InlineData("/mine")]
    [InlineData("/mine/libnvrtc.so.12")]
    public void WhatThePersonNamesIsTheOnlyPlace(string named)
    {
        var files = new FakeFiles
        {
            Variables = { [NvrtcLocator.Variable] = named },
            Folders = { ["/app"] = ["/app/libnvrtc.so.12"], ["/mine"] = ["/mine/libnvrtc-builtins.so.12.4", "/mine/libnvrtc.so.12"] },
        };
        Assert.Equal([new("/mine/libnvrtc.so.12", "/mine/libnvrtc-builtins.so.12.4")], NvrtcLocator.Candidates(files));
    }

    [Fact]
    public void TheToolkitIsLookedInToo()
    {
        var files = new FakeFiles { Variables = { ["CUDA_PATH"] = "/opt/cuda" }, Folders = { ["/opt/cuda/lib64"] = ["/opt/cuda/lib64/libnvrtc.so.12"] } };
        Assert.Equal(new("/opt/cuda/lib64/libnvrtc.so.12", null), NvrtcLocator.Candidates(files).First());
    }

    [Fact]
    public void BuiltinsAreLoadedFirstAndEveryAttemptIsRemembered()
    {
        var files = new FakeFiles { Folders = { ["/app"] = ["/app/libnvrtc-builtins.so", "/app/libnvrtc-1.so.12"] } };
        var search = new LibrarySearch(files);
        Assert.Null(Nvrtc.TryLoad(files, search));
        Assert.Equal(["/app/libnvrtc-builtins.so", "/app/libnvrtc-1.so.12", "libnvrtc.so.12", "libnvrtc.so.13", "libnvrtc.so"], files.Loaded);
        foreach (var library in files.Loaded) Assert.Contains($"{library}: not here", search.Attempts, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingFolderThatIsNamedIsReported()
    {
        var files = new FakeFiles { Variables = { [NvrtcLocator.Variable] = "/nowhere" } };
        var search = new LibrarySearch(files);
        Assert.Null(Nvrtc.TryLoad(files, search));
        Assert.Contains("/nowhere: not here", search.Attempts, StringComparison.Ordinal);
    }

    [Fact]
    public void ALibraryWithoutTheFunctionsIsPassedOver()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("Uses Linux's C library as a library that is no compiler.");
        var files = new FakeFiles { Real = "libc.so.6", Variables = { [NvrtcLocator.Variable] = "libc.so.6" } };
        var search = new LibrarySearch(files);
        Assert.Null(Nvrtc.TryLoad(files, search));
        Assert.Contains("libc.so.6: ", search.Attempts, StringComparison.Ordinal);
    }
}
