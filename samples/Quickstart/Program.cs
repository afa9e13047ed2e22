using Quickstart;
using Socratic.Samples;

return Arguments.Parse(
    args,
    static arguments => Host.Guarded(screen =>
    {
        using var cancellation = new Cancellation(screen.Stopping);
        return new QuickstartRun(arguments, screen, cancellation.Token).Run();
    }),
    static (model, data, row) => Host.Guarded(_ => Inspection.Show(model, data, row)));
