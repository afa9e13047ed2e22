using System.Globalization;
using Socratic.Training.Checkpointing;
using Socratic.Training.Diagnostics;

namespace Socratic.Training.Runs;

/// <summary>
/// Looks at what stands in the output folder before anything is written, and decides how the run begins. Changes nothing on disk.
/// </summary>
internal static class RunPolicy
{
    // Others' state has no word for "complete"; the last epoch's share may be missing from its figure.
    private const double EpochTolerance = 0.1;

    /// <exception cref="IOException">The output folder is a file.</exception>
    /// <exception cref="InvalidOperationException">Something stands there and the options say fail.</exception>
    internal static RunStart Decide(RunContext run)
    {
        RefuseFile(run.Folder);
        if (!Directory.Exists(run.Folder) || !Directory.EnumerateFileSystemEntries(run.Folder).Any()) return RunStart.New;
        if (run.Options.ExistingRun == ExistingRunPolicy.Overwrite)
        {
            run.Log.Overwriting(run.Folder);
            return RunStart.Over;
        }
        if (RunRecord.Read(run.Folder) is { } record && record.MaxSteps >= run.MaxSteps) return Complete(run, record.GlobalStep, record.Epoch);
        var search = run.Checkpoints.Find();
        if (search.Newest is { } newest) return StateOf(newest) is { } state ? Unfinished(run, newest, state) : Unusable(run, $"the state of {Name(newest)} cannot be read");
        if (search.Rejected is [{ HasManifest: false } others, ..] && StateOf(others.Checkpoint) is { } theirs && IsComplete(theirs, run)) return Complete(run, theirs.GlobalStep, theirs.Epoch ?? 0);
        return Unusable(run, search.Rejected is [var first, ..]
            ? $"it holds checkpoints but none that can be resumed from; the newest is {Name(first.Checkpoint)}: {first.Problem}"
            : "it holds files but no checkpoint");
    }

    /// <summary>Neither the folder nor one above it may be a file.</summary>
    private static void RefuseFile(string folder)
    {
        var path = folder;
        while (path is not null && !Path.Exists(path)) path = Path.GetDirectoryName(path);
        if (!File.Exists(path)) return;
        var what = path == folder ? $"The output folder '{folder}' is a file" : $"The output folder '{folder}' cannot be made: '{path}' is a file";
        throw new IOException($"{what}. Choose another {nameof(TrainingOptions.OutputDirectory)}, or move the file.");
    }

    private static RunStart Complete(RunContext run, int step, double epoch)
    {
        run.Log.AlreadyComplete(run.Folder, step, epoch);
        TellDifferences(run);
        return RunStart.Ends(TrainingOutcome.AlreadyComplete);
    }

    private static RunStart Unfinished(RunContext run, Checkpoint newest, TrainerStateFile state)
    {
        run.Log.Unfinished(run.Folder, Name(newest), state.GlobalStep, run.MaxSteps, state.Epoch ?? 0, run.TargetEpoch);
        TellDifferences(run, isResumed: true);
        switch (run.Options.ExistingRun)
        {
            case ExistingRunPolicy.Fail:
                throw Refused(run, $"it holds an unfinished run, whose newest checkpoint is {Name(newest)}");
            case ExistingRunPolicy.Ask when run.Confirmation is { IsPersonPresent: true } person:
                var question = string.Create(CultureInfo.InvariantCulture,
                    $"'{run.Folder}' holds an unfinished run: {Name(newest)}, epoch {state.Epoch ?? 0:0.##} of {run.TargetEpoch:0.##}. Go on with it? Only 'yes' does; anything else ends here and changes nothing: ");
                if (!Confirmed(person, question)) return Declined(run);
                break;
        }
        return RunStart.From(newest.Directory);
    }

    /// <summary>What stands there cannot be gone on with, and may be dear to somebody.</summary>
    private static RunStart Unusable(RunContext run, string what)
    {
        if (run.Options.ExistingRun == ExistingRunPolicy.Fail) throw Refused(run, what);
        TellDifferences(run);
        if (run.Confirmation is not { IsPersonPresent: true } person)
        {
            // Nobody said that what stands there may go: the run begins beside it.
            run.Log.GoingOnUnasked(run.Folder, what);
            return RunStart.New;
        }
        if (!Confirmed(person, $"The output folder '{run.Folder}' is not empty: {what}. Overwrite it? Only 'yes' does: ")) return Declined(run);
        run.Log.Overwriting(run.Folder);
        return RunStart.Over;
    }

    private static RunStart Declined(RunContext run)
    {
        run.Log.Declined(run.Folder);
        return RunStart.Ends(TrainingOutcome.Declined);
    }

    private static bool Confirmed(IConfirmation person, string question) => string.Equals(person.Ask(question)?.Trim(), "yes", StringComparison.OrdinalIgnoreCase);

    private static bool IsComplete(TrainerStateFile state, RunContext run) => state.Epoch >= run.TargetEpoch - EpochTolerance || (state.GlobalStep >= run.MaxSteps && state.GlobalStep > 0);

    private static InvalidOperationException Refused(RunContext run, string what) => new(
        $"The output folder '{run.Folder}' is not empty: {what}. {nameof(TrainingOptions.ExistingRun)} is {ExistingRunPolicy.Fail}: choose another folder, or {ExistingRunPolicy.Resume} or {ExistingRunPolicy.Overwrite}.");

    private static void TellDifferences(RunContext run, bool isResumed = false)
    {
        var differences = OptionDifferences.Between(run.Folder, run.Configuration).ToLookup(d => isResumed && run.ModelKeys.Contains(d.Split('.', ':')[0]));
        if (differences[false].Any()) run.Log.OptionsDiffer(string.Join("; ", differences[false]));
        if (differences[true].Any()) run.Log.ModelDiffers(string.Join("; ", differences[true]));
    }

    private static string Name(Checkpoint checkpoint) => Path.GetFileName(checkpoint.Directory);

    private static TrainerStateFile? StateOf(Checkpoint checkpoint)
    {
        try
        {
            return TrainerStateFile.Read(checkpoint.PathOf(TrainerStateFile.FileName));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
