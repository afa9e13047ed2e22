using Microsoft.Extensions.Logging;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Native;
using Socratic.Training.Quantization.Tests.Native;

namespace Socratic.Training.Quantization.Tests.Kernels.Runtime;

/// <summary>Where there are no kernels: one warning, not a word more; and what is compiled for which GPU.</summary>
public sealed class KernelRuntimeTests
{
    [Fact]
    public void WithoutTheCompilerThereIsOneWarningThatListsWhatWasTried()
    {
        var log = new ListLogger();
        var files = new FakeFiles();
        var runtime = new KernelRuntime(files, () => new RecordingDriver(), search => Nvrtc.TryLoad(files, search), new KernelCache("/nowhere"), _ => 0);
        for (var i = 0; i < 3; i++) Assert.Null(runtime.Device(0, log));
        Assert.Null(runtime.Device(1, log));
        var warning = Assert.Single(log.Lines);
        Assert.StartsWith("Warning: 4-bit weights are computed by torch's own operators", warning, StringComparison.Ordinal);
        foreach (var name in new[] { "SOCRATIC_NVRTC", "libnvrtc.so.12: not here", "libnvrtc.so.13: not here" }) Assert.Contains(name, warning, StringComparison.Ordinal);
    }

    [Fact]
    public void AGpuThatIsTooOldIsNamed()
    {
        var log = new ListLogger();
        var runtime = new KernelRuntime(new FakeFiles(), () => new RecordingDriver { CapabilityOfDevice = 61 }, _ => new RecordingCompiler(), new KernelCache("/nowhere"), _ => 0);
        Assert.Null(runtime.Device(0, log));
        Assert.Contains("compute capability 6.1, and the kernels need 7.5", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void ALoggerThatComesLaterHearsTheWarningToo()
    {
        var log = new ListLogger();
        var runtime = new KernelRuntime(new FakeFiles(), () => new RecordingDriver(), _ => null, new KernelCache("/nowhere"), _ => 0);
        Assert.Null(runtime.Device(0));
        Assert.Null(runtime.Device(0, log));
        Assert.Single(log.Lines);
    }

    [Theory]
    [InlineData(75, "sm_75")]
    [InlineData(86, "sm_86")]
    [InlineData(89, "sm_89")]
    [InlineData(90, "sm_90")]
    [InlineData(88, "sm_87")]
    [InlineData(100, "compute_90")]
    [InlineData(120, "compute_90")]
    [InlineData(70, null)]
    public void TheTargetIsTheGpuOrItsElderOrPtx(int capability, string? target) => Assert.Equal(target, KernelImages.Target([50, 70, 75, 80, 86, 87, 89, 90], capability));

    [Theory]
    [InlineData(100, "sm_100")]
    [InlineData(103, "sm_100")]
    [InlineData(120, "sm_120")]
    public void ANewerCompilerKnowsNewerGpus(int capability, string target) => Assert.Equal(target, KernelImages.Target([75, 80, 86, 89, 90, 100, 120], capability));

    [Fact]
    public void PtxGoesToTheDriverOfAGpuThatTheCompilerDoesNotKnow()
    {
        var driver = new RecordingDriver { CapabilityOfDevice = 120 };
        var folder = Directory.CreateTempSubdirectory("socratic-kernels-").FullName;
        var runtime = new KernelRuntime(new FakeFiles(), () => driver, _ => new RecordingCompiler(), new KernelCache(folder), _ => 0);
        KernelCalls.Quantize8(runtime.Device(0)!, 1, 0, 2, 256, 256, 3, 4);
        Assert.Contains("LoadModule(Blockwise8 compute_90 #1)", driver.Calls);
        Directory.Delete(folder, recursive: true);
    }

    private sealed class ListLogger : ILogger
    {
        internal List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Add($"{logLevel}: {formatter(state, exception)}");
    }
}
