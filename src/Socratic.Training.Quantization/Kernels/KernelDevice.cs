using System.Collections.Concurrent;
using Socratic.Training.Quantization.Native;

namespace Socratic.Training.Quantization.Kernels;

/// <summary>One GPU: its kernels are loaded into torch's context when first asked for, and queued on torch's current stream. Backward passes launch from another thread.</summary>
internal sealed class KernelDevice : IKernelLauncher
{
    private readonly ICudaDriver driver;
    private readonly KernelImages images;
    private readonly Func<int, nint> currentStream;
    private readonly int ordinal;
    private readonly nint context;
    private readonly Lock loading = new();
    private readonly Dictionary<KernelModule, nint> modules = [];
    private readonly ConcurrentDictionary<KernelEntry, nint> functions = new();

    /// <param name="driver">The driver.</param>
    /// <param name="ordinal">The device's number, as torch counts.</param>
    /// <param name="context">Its primary context, retained for the life of the process, as torch's own is.</param>
    /// <param name="images">The code for this GPU.</param>
    /// <param name="currentStream">Torch's current stream of a device.</param>
    internal KernelDevice(ICudaDriver driver, int ordinal, nint context, KernelImages images, Func<int, nint> currentStream)
        => (this.driver, this.ordinal, this.context, this.images, this.currentStream) = (driver, ordinal, context, images, currentStream);

    public void Launch(KernelEntry entry, uint blocks, in KernelArguments arguments)
    {
        driver.Push(context);
        try
        {
            if (!functions.TryGetValue(entry, out var function)) function = Load(entry);
            driver.Launch(function, blocks, (uint)entry.Threads, currentStream(ordinal), arguments.Values);
        }
        catch
        {
            PopAfterError();
            throw;
        }
        driver.Pop();
    }

    private nint Load(KernelEntry entry)
    {
        lock (loading)
        {
            if (functions.TryGetValue(entry, out var function)) return function;
            if (!modules.TryGetValue(entry.Module, out var module)) modules[entry.Module] = module = Load(entry.Module);
            return functions[entry] = driver.Function(module, entry.Name);
        }
    }

    private nint Load(KernelModule module)
    {
        var (image, cached) = images.Get(module);
        try
        {
            return driver.LoadModule(image);
        }
        catch (CudaDriverException) when (cached)
        {
            // A whole file that the driver refuses counts as none: an older driver may have come since.
            return driver.LoadModule(images.Compile(module));
        }
    }

    private void PopAfterError()
    {
        try
        {
            driver.Pop();
        }
        catch (CudaDriverException)
        {
            // The first error says what went wrong.
        }
    }
}
