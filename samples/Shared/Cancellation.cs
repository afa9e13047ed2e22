using System.Runtime.InteropServices;

namespace Socratic.Samples;

/// <summary>Ctrl+C and SIGTERM ask the run to save and end; a second signal ends the process at once.</summary>
internal sealed class Cancellation : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly List<PosixSignalRegistration> registrations = [];

    private readonly Action asked;

    /// <param name="asked">Called at the first signal, on a thread of the runtime.</param>
    internal Cancellation(Action asked)
    {
        this.asked = asked;
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }) registrations.Add(PosixSignalRegistration.Create(signal, Handle));
    }

    internal CancellationToken Token => source.Token;

    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
        source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        if (source.IsCancellationRequested) return;
        context.Cancel = true;
        source.Cancel();
        asked();
    }
}
