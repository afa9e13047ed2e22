using Socratic.Training.Files;

namespace Socratic.Training.Pure.Tests.Files;

/// <summary>What a power cut takes with it.</summary>
public enum PowerCut
{
    /// <summary>Nothing: the process was killed, the system went on.</summary>
    Nothing,

    /// <summary>Bytes of files that were not flushed; all names stay, so a file may be empty.</summary>
    Data,

    /// <summary>Names that were not flushed: new ones vanish, renames and deletions are undone.</summary>
    Names,

    /// <summary>Bytes and names.</summary>
    DataAndNames,

    /// <summary>The second half of the bytes that were not flushed.</summary>
    Torn,

    /// <summary>For each file and each folder one or the other, by chance.</summary>
    Mixed,
}

/// <summary>The power went off: every later operation meets it too, clean-up code included.</summary>
public sealed class PowerCutException : Exception;

/// <summary>
/// A disk in memory that keeps what programs see apart from what has reached the platter. It can lose power at any operation, or fail at it.
/// </summary>
internal sealed partial class SimulatedDisk : IFileSystem
{
    private readonly Folder root = new();
    private bool off;

    /// <summary>Operations that change the disk or make something durable, so far.</summary>
    public int Operations { get; private set; }

    /// <summary>The power goes off just before this operation, counted from 0; in the middle of it if it is a write.</summary>
    public int? PowerCutAt { get; set; }

    /// <summary>Which operations fail with an error of the system.</summary>
    public Func<int, bool> Fails { get; set; } = _ => false;

    private sealed class Blob
    {
        public byte[] Seen { get; set; } = [];

        public byte[] Durable { get; set; } = [];
    }

    private sealed class Folder
    {
        public Dictionary<string, object> Seen { get; set; } = [];

        public Dictionary<string, object> Durable { get; set; } = [];
    }

    /// <summary>The disk as the next start finds it.</summary>
    public SimulatedDisk AfterPowerCut(PowerCut cut, int seed)
    {
        var disk = new SimulatedDisk();
        var chance = new Random(seed);
        Restore(root, disk.root, cut, chance);
        return disk;
    }

    private static void Restore(Folder from, Folder to, PowerCut cut, Random chance)
    {
        var namesLost = cut is PowerCut.Names or PowerCut.DataAndNames || (cut == PowerCut.Mixed && chance.Next(2) == 0);
        foreach (var (name, entry) in namesLost ? from.Durable : from.Seen)
        {
            if (entry is Folder folder)
            {
                var copy = new Folder();
                Restore(folder, copy, cut, chance);
                to.Seen[name] = copy;
            }
            else
            {
                var bytes = Survived((Blob)entry, cut, chance);
                to.Seen[name] = new Blob { Seen = bytes, Durable = bytes };
            }
        }
        to.Durable = new Dictionary<string, object>(to.Seen);
    }

    private static byte[] Survived(Blob blob, PowerCut cut, Random chance) => cut switch
    {
        _ when blob.Seen.AsSpan().SequenceEqual(blob.Durable) => blob.Seen,
        PowerCut.Data or PowerCut.DataAndNames => blob.Durable,
        PowerCut.Torn => blob.Seen[..(blob.Seen.Length / 2)],
        PowerCut.Mixed => chance.Next(3) switch { 0 => blob.Durable, 1 => blob.Seen, _ => blob.Seen[..chance.Next(blob.Seen.Length)] },
        _ => blob.Seen,
    };

    /// <summary>Counts an operation. True if the power goes off during it.</summary>
    private bool Step(string what)
    {
        if (off) throw new PowerCutException();
        var operation = Operations++;
        off = operation == PowerCutAt;
        if (!off && Fails(operation)) throw new IOException($"Operation {operation} ({what}) failed.");
        return off;
    }

    private void StepWhole(string what)
    {
        if (Step(what)) throw new PowerCutException();
    }

    private object? Find(string path) => Parts(path).Aggregate((object?)root, (at, part) => at is Folder folder ? folder.Seen.GetValueOrDefault(part) : null);

    private Folder FolderAt(string path) => Find(path) as Folder ?? throw new DirectoryNotFoundException(path);

    private Folder Parent(string path) => FolderAt(Path.GetDirectoryName(path)!);

    private static string[] Parts(string path) => path[Path.GetPathRoot(path)!.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A stream into a file; what is written is seen at once and durable when the file is flushed.</summary>
    private sealed class Writer(SimulatedDisk disk, Blob blob, string path) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => Write(buffer.ToArray(), 0, buffer.Length);

        // The array form is the base one: MemoryStream's span form of a derived class leads back here.
        public override void Write(byte[] buffer, int offset, int count)
        {
            var cut = disk.Step($"write {path}");
            base.Write(buffer, offset, cut ? count / 2 : count);
            blob.Seen = ToArray();
            if (cut) throw new PowerCutException();
        }
    }
}
