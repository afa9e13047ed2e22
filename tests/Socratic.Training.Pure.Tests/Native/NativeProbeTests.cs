using Socratic.Training.Native;

namespace Socratic.Training.Pure.Tests.Native;

public sealed class NativeProbeTests
{
    [Fact]
    public void SaysNothingWhereItLoads() => Assert.Null(NativeProbe.Diagnose(new Files { Torch = "/app/libtorch_cpu.so", Binding = "/app/libLibTorchSharp.so" }));

    [Fact]
    public void NamesThePackagesWhereNoneIsReferenced()
    {
        var reason = NativeProbe.Diagnose(new Files());
        Assert.Contains("libtorch was not found", reason, StringComparison.Ordinal);
        Assert.Contains("TorchSharp-cpu", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void NamesTheSystemTheFilesAreFor()
    {
        var reason = NativeProbe.Diagnose(new Files { Foreign = "win-x64" });
        Assert.Contains("for another system (win-x64)", reason, StringComparison.Ordinal);
        Assert.Contains("linux-x64", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void TellsABareLibtorchFromTorchSharps()
        => Assert.Contains("but not TorchSharp's libLibTorchSharp.so", NativeProbe.Diagnose(new Files { Torch = "/app/libtorch_cpu.so" }), StringComparison.Ordinal);

    [Fact]
    public void TellsABindingWithoutLibtorch()
        => Assert.Contains("but not libtorch: reference one of", NativeProbe.Diagnose(new Files { Binding = "/app/libLibTorchSharp.so" }), StringComparison.Ordinal);

    [Fact]
    public void RepeatsTheLoadersWordsForAnotherVersion()
    {
        var reason = NativeProbe.Diagnose(new Files { Torch = "/app/libtorch_cpu.so", Binding = "/app/libLibTorchSharp.so", Error = "undefined symbol: _ZN2at4nope." });
        Assert.Contains("undefined symbol: _ZN2at4nope.", reason, StringComparison.Ordinal);
        Assert.Contains("needs libtorch 2.10", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void APatchRefusesWhatIsNoElfFile() => Assert.Throws<InvalidDataException>(() => LibTorchSharpPatch.Apply(new byte[100]));

    private sealed class Files : INativeFiles
    {
        public string? Torch { get; init; }

        public string? Binding { get; init; }

        public string? Foreign { get; init; }

        public string? Error { get; init; }

        public bool IsLoaded => false;

        public string RuntimeIdentifier => "linux-x64";

        public string FileName(string library) => $"lib{library}.so";

        public string? Find(string fileName) => fileName == "libtorch_cpu.so" ? Torch : fileName == "libLibTorchSharp.so" ? Binding : null;

        public string? FindForAnotherSystem() => Foreign;

        public string? TryLoad(string torch, string binding) => Error;
    }
}
