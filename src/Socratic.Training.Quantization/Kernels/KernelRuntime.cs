using Microsoft.Extensions.Logging;
using Socratic.Training.Quantization.Native;

namespace Socratic.Training.Quantization.Kernels;

/// <summary>The kernels of each GPU of this process, made when first asked for.</summary>
internal sealed partial class KernelRuntime
{
    private readonly ILibraryFiles files;
    private readonly Func<ICudaDriver> openDriver;
    private readonly Func<LibrarySearch, IKernelCompiler?> openCompiler;
    private readonly KernelCache cache;
    private readonly Func<int, nint> currentStream;
    private readonly Lock opening = new();
    private readonly Dictionary<int, KernelDevice?> devices = [];
    private readonly HashSet<string> warned = [];
    private readonly Dictionary<int, string> reasons = [];

    internal KernelRuntime(ILibraryFiles files, Func<ICudaDriver> openDriver, Func<LibrarySearch, IKernelCompiler?> openCompiler, KernelCache cache, Func<int, nint> currentStream)
        => (this.files, this.openDriver, this.openCompiler, this.cache, this.currentStream) = (files, openDriver, openCompiler, cache, currentStream);

    internal static KernelRuntime Instance { get; } = new(LibraryFiles.Instance, () => CudaDriver.Load(LibraryFiles.Instance),
        search => Nvrtc.TryLoad(LibraryFiles.Instance, search), new KernelCache(KernelCache.DefaultFolder), TorchStream.Current);

    /// <summary>The kernels of a device; null where they cannot be compiled, and torch's own operators do the work. The logger hears that once.</summary>
    /// <exception cref="CudaDriverException">Torch works on the device but the driver cannot be used from here; the message lists what was tried.</exception>
    internal KernelDevice? Device(int ordinal, ILogger? logger = null)
    {
        lock (opening)
        {
            if (!devices.TryGetValue(ordinal, out var device)) devices[ordinal] = device = Open(ordinal);
            if (device is null && logger is not null && warned.Add(reasons[ordinal])) NoKernels(logger, reasons[ordinal]);
            return device;
        }
    }

    private KernelDevice? Open(int ordinal)
    {
        var driver = openDriver();
        var device = driver.Device(ordinal);
        var capability = driver.Capability(device);
        var search = new LibrarySearch(files);
        if (openCompiler(search) is not { } compiler) return Without(ordinal, $"NVRTC was not found ({NvrtcLocator.Variable} can name its folder); tried {search.Attempts}");
        if (KernelImages.Target(compiler.Architectures, capability) is not { } target)
            return Without(ordinal, $"this GPU has compute capability {capability / 10}.{capability % 10}, and the kernels need {KernelImages.Oldest / 10}.{KernelImages.Oldest % 10}");
        return new KernelDevice(driver, ordinal, driver.RetainPrimaryContext(device), new KernelImages(compiler, cache, target), currentStream);
    }

    private KernelDevice? Without(int ordinal, string reason)
    {
        reasons[ordinal] = reason;
        return null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "4-bit weights are computed by torch's own operators, several times slower than by CUDA kernels: {Reason}.")]
    private static partial void NoKernels(ILogger logger, string reason);
}
