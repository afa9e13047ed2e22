using Quickstart;
using Socratic.Training.Native;

return Arguments.Parse(args, static arguments =>
{
    using var screen = new Screen();
    using var cancellation = new Cancellation(screen.Stopping);
    try
    {
        TorchRuntime.EnsureAvailable();
        return new QuickstartRun(arguments, screen, cancellation.Token).Run();
    }
    catch (Exception error) when (error is not OutOfMemoryException)
    {
        // One sentence for the person; the run's log has the rest.
        screen.Error(error);
        return 1;
    }
});
