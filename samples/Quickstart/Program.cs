using Quickstart;
using Socratic.Training.Native;

return Arguments.Parse(
    args,
    static arguments => Guarded(screen =>
    {
        using var cancellation = new Cancellation(screen.Stopping);
        TorchRuntime.EnsureAvailable();
        return new QuickstartRun(arguments, screen, cancellation.Token).Run();
    }),
    static (model, data, row) => Guarded(_ => Inspection.Show(model, data, row)));

static int Guarded(Func<Screen, int> run)
{
    using var screen = new Screen();
    try
    {
        return run(screen);
    }
    catch (Exception error) when (error is not OutOfMemoryException)
    {
        // One sentence for the person; the run's log has the rest.
        screen.Error(error);
        return 1;
    }
}
