using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Socratic.Training.Files;

namespace Socratic.Training.Checkpointing;

/// <summary>
/// The only writer of <c>checkpoint-N</c> folders. After a crash at any moment, <see cref="Find"/> finds the newest checkpoint that was saved: a new one is
/// written beside its place, flushed, given a manifest of lengths and hashes, renamed and verified, and only then is an old one deleted.
/// </summary>
public class CheckpointManager
{
    // Names of folders on their way: being written, taken out of the way of a new one of the same step, being deleted.
    internal const string WritingPrefix = "tmp-checkpoint-";
    internal const string ReplacedPrefix = "replaced-checkpoint-";
    internal const string DeletedPrefix = "deleted-checkpoint-";

    private readonly IFileSystem files;
    private readonly ILogger logger;

    /// <summary>A manager of the checkpoints in an output folder, which need not exist yet.</summary>
    /// <param name="directory">The output folder.</param>
    /// <param name="limit">How many checkpoints are kept, the best one counted; null keeps all.</param>
    /// <param name="logger">Told of what is saved, deleted and passed over.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is below 1.</exception>
    public CheckpointManager(string directory, int? limit = null, ILogger? logger = null)
        : this(directory, limit, logger, DiskFileSystem.Instance)
    {
    }

    internal CheckpointManager(string directory, int? limit, ILogger? logger, IFileSystem files)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (limit is { } kept) ArgumentOutOfRangeException.ThrowIfLessThan(kept, 1, nameof(limit));
        Directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        Limit = limit;
        this.files = files;
        this.logger = logger ?? NullLogger.Instance;
    }

    /// <summary>The output folder's full path.</summary>
    public string Directory { get; }

    /// <summary>How many checkpoints are kept, or null for all.</summary>
    public int? Limit { get; }

    /// <summary>Where the checkpoint of a step lies, or will.</summary>
    public string PathOf(int step) => Path.Combine(Directory, Checkpoint.NameOf(step));

    /// <summary>The checkpoints there are, in the order of their steps, verified or not.</summary>
    public IReadOnlyList<Checkpoint> List() => files.FolderExists(Directory) ? [.. Numbered(Checkpoint.Prefix).Concat(Displaced()).OrderBy(c => c.Step)] : [];

    /// <summary>What keeps a checkpoint from verifying (length and SHA-256 of each file in its manifest), as a phrase, or null if it verifies.</summary>
    public virtual string? FindProblem(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return Manifest.FindProblem(files, checkpoint.Directory, checkpoint.Step);
    }

    /// <summary>
    /// The newest checkpoint that verifies, with those passed over on the way and folders left half-written, all of them named in the log. Changes nothing on disk.
    /// </summary>
    public virtual CheckpointSearch Find()
    {
        var rejected = new List<RejectedCheckpoint>();
        Checkpoint? newest = null;
        foreach (var checkpoint in List().Reverse())
        {
            if (FindProblem(checkpoint) is not { } problem)
            {
                newest = checkpoint;
                break;
            }
            CheckpointLog.PassedOver(logger, checkpoint.Directory, problem);
            rejected.Add(new RejectedCheckpoint(checkpoint, problem, Manifest.Exists(files, checkpoint.Directory)));
        }
        var leftovers = Leftovers();
        foreach (var leftover in leftovers) CheckpointLog.Leftover(logger, leftover);
        return new CheckpointSearch(newest, rejected, leftovers);
    }

    /// <summary>
    /// Writes the checkpoint of a step, verifies it, and deletes old ones beyond the limit: never the newest that verifies, nor the best.
    /// A checkpoint of the same step is replaced. If anything fails, the checkpoints that were there stay.
    /// </summary>
    /// <param name="step">The updates finished.</param>
    /// <param name="write">Writes every file into the folder it is given.</param>
    /// <param name="bestStep">The step of the best checkpoint, which may be this one; null if none is kept for being best.</param>
    /// <exception cref="IOException">A file cannot be written (disk full, say), or what was written does not verify.</exception>
    public virtual Checkpoint Save(int step, Action<FolderWriter> write, int? bestStep = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentNullException.ThrowIfNull(write);
        var checkpoint = new Checkpoint(step, PathOf(step));
        try
        {
            WriteAside(step, write);
            PutInPlace(checkpoint);
        }
        catch (Exception e)
        {
            CheckpointLog.NotSaved(logger, checkpoint.Directory, e.Message);
            throw;
        }
        CheckpointLog.Saved(logger, checkpoint.Directory);
        Rotate(checkpoint, bestStep);
        return checkpoint;
    }

    /// <summary>
    /// At the end of a run with a limit of 1, during which the best and the newest were both kept: only the best stays.
    /// </summary>
    public virtual void KeepOnlyBest(int bestStep)
    {
        var all = List();
        if (Limit is not 1 || all.FirstOrDefault(c => c.Step == bestStep) is not { } best || FindProblem(best) is not null) return;
        foreach (var checkpoint in all.Where(c => c.Step != bestStep)) Delete(checkpoint, Limit.Value);
    }

    /// <summary>Deletes every checkpoint and every leftover: for a run that was told to start anew in a used folder.</summary>
    public virtual void Clear()
    {
        if (!files.FolderExists(Directory)) return;
        foreach (var folder in List().Select(c => c.Directory).Concat(Leftovers())) files.DeleteFolder(folder);
        files.FlushFolder(Directory);
    }

    private void WriteAside(int step, Action<FolderWriter> write)
    {
        var aside = Aside(WritingPrefix, step);
        files.EnsureFolder(Directory);
        foreach (var displaced in Displaced().ToList()) files.MoveFolder(displaced.Directory, PathOf(displaced.Step));
        if (files.FolderExists(aside)) files.DeleteFolder(aside);
        try
        {
            files.CreateFolder(aside);
            var writer = new FolderWriter(files, aside);
            write(writer);
            foreach (var file in files.AllFiles(aside)) files.FlushFile(file);
            Manifest.Write(files, aside, step, writer.Hashes);
            files.FlushAll(aside);
        }
        catch
        {
            files.TryDelete(aside);
            throw;
        }
    }

    private void PutInPlace(Checkpoint checkpoint)
    {
        var replaced = Aside(ReplacedPrefix, checkpoint.Step);
        if (files.FolderExists(replaced)) files.DeleteFolder(replaced);
        if (files.FolderExists(checkpoint.Directory)) files.MoveFolder(checkpoint.Directory, replaced);
        try
        {
            files.MoveFolder(Aside(WritingPrefix, checkpoint.Step), checkpoint.Directory);
            files.FlushFolder(Directory);
            if (FindProblem(checkpoint) is { } problem) throw new IOException($"'{checkpoint.Directory}' was written but does not verify: {problem}.");
        }
        catch
        {
            TakeBack(checkpoint, replaced);
            throw;
        }
        if (files.FolderExists(replaced)) DeleteQuietly(replaced);
    }

    private void TakeBack(Checkpoint checkpoint, string replaced)
    {
        files.TryDelete(Aside(WritingPrefix, checkpoint.Step));
        files.TryDelete(checkpoint.Directory);
        if (!files.FolderExists(checkpoint.Directory) && files.FolderExists(replaced)) files.TryMoveFolder(replaced, checkpoint.Directory);
    }

    /// <summary>Keeps the one just saved, the newest that verifies, the best, and of the rest those of the highest steps, as far as the limit goes.</summary>
    private void Rotate(Checkpoint saved, int? bestStep)
    {
        if (Limit is not { } limit) return;
        var newestFirst = List().Reverse().ToList();
        // Anything above the step just saved is of another history; it is rare, so hashing it is cheap enough.
        var newestVerified = newestFirst.First(c => c.Step == saved.Step || FindProblem(c) is null);
        var kept = new HashSet<int> { saved.Step, newestVerified.Step };
        if (bestStep is { } best && newestFirst.Any(c => c.Step == best)) kept.Add(best);
        foreach (var checkpoint in newestFirst)
        {
            if (kept.Contains(checkpoint.Step)) continue;
            if (kept.Count < limit) kept.Add(checkpoint.Step);
            else Delete(checkpoint, limit);
        }
    }

    /// <summary>Renamed first: a folder that is half deleted must not look like a checkpoint.</summary>
    private void Delete(Checkpoint checkpoint, int limit)
    {
        var deleted = Aside(DeletedPrefix, checkpoint.Step);
        try
        {
            if (files.FolderExists(deleted)) files.DeleteFolder(deleted);
            files.MoveFolder(checkpoint.Directory, deleted);
            files.FlushFolder(Directory);
            CheckpointLog.Rotated(logger, checkpoint.Directory, limit);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            CheckpointLog.NotDeleted(logger, checkpoint.Directory, e.Message);
            return;
        }
        DeleteQuietly(deleted);
    }

    private void DeleteQuietly(string folder)
    {
        try
        {
            files.DeleteFolder(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            CheckpointLog.NotDeleted(logger, folder, e.Message);
        }
    }

    private string Aside(string prefix, int step) => Path.Combine(Directory, prefix + Checkpoint.NameOf(step)[Checkpoint.Prefix.Length..]);

    private IEnumerable<Checkpoint> Numbered(string prefix)
        => from folder in files.Folders(Directory)
           let step = Checkpoint.StepOf(Path.GetFileName(folder), prefix)
           where step is not null
           select new Checkpoint(step.Value, folder);

    /// <summary>A crash between the two renames of a replacement leaves the old one under another name only: it still counts.</summary>
    private IEnumerable<Checkpoint> Displaced() => Numbered(ReplacedPrefix).Where(c => !files.FolderExists(PathOf(c.Step)));

    private List<string> Leftovers()
    {
        if (!files.FolderExists(Directory)) return [];
        var displaced = Displaced().Select(c => c.Directory).ToHashSet(StringComparer.Ordinal);
        var onTheWay = new[] { WritingPrefix, ReplacedPrefix, DeletedPrefix }.SelectMany(Numbered).Select(c => c.Directory);
        return [.. onTheWay.Where(d => !displaced.Contains(d)).Order(StringComparer.Ordinal)];
    }
}
