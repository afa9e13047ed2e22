namespace Socratic.Samples;

/// <summary>What every host does around its work: one screen, one sentence for an error, an exit code.</summary>
internal static class Host
{
    internal static int Guarded(Func<Screen, int> run)
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

    /// <summary>The path as seen from here, where that is shorter.</summary>
    internal static string Short(string path)
    {
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        return relative.Length < path.Length ? relative : path;
    }
}
