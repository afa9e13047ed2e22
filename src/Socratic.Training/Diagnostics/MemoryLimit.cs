using System.Globalization;

namespace Socratic.Training.Diagnostics;

/// <summary>The memory a container allows.</summary>
internal static class MemoryLimit
{
    // What version 1 says for "none": the largest number of bytes that is whole pages.
    private const long NoLimit = 9223372036854771712;

    /// <summary>Bytes the process may use by its control groups; null without a limit.</summary>
    public static long? Read() => OperatingSystem.IsLinux() ? Read("/") : null;

    /// <summary>The lowest limit from the process's own group up to the topmost.</summary>
    internal static long? Read(string root) => Lowest(Groups(root).Select(Limit));

    /// <summary>The least that any group with a limit has left. Files that the system keeps in memory do not count: it gives them up.</summary>
    internal static long? Left(string root) => Lowest(Groups(root).Select(g => Limit(g) is { } limit && Used(g) is { } used ? Math.Max(0, limit - used) : (long?)null));

    private static long? Lowest(IEnumerable<long?> values) => values.Min();

    private readonly record struct Group(string Folder, bool IsUnified);

    private static IEnumerable<Group> Groups(string root)
    {
        foreach (var line in (HostMemory.TryRead(Path.Combine(root, "proc/self/cgroup")) ?? "0::/").Split('\n'))
        {
            if (line.Split(':', 3) is not [_, var controllers, var group]) continue;
            var isUnified = controllers.Length == 0;
            if (!isUnified && !controllers.Split(',').Contains("memory")) continue;
            foreach (var level in Levels(group)) yield return new Group(Path.Combine(root, isUnified ? "sys/fs/cgroup" : "sys/fs/cgroup/memory", level), isUnified);
        }
    }

    private static long? Limit(Group group) => Number(group, group.IsUnified ? "memory.max" : "memory.limit_in_bytes") is { } bytes and < NoLimit ? bytes : null;

    private static long? Used(Group group)
    {
        if (Number(group, group.IsUnified ? "memory.current" : "memory.usage_in_bytes") is not { } used) return null;
        var (statistics, key) = (HostMemory.TryRead(Path.Combine(group.Folder, "memory.stat")) ?? "", group.IsUnified ? "file " : "total_cache ");
        var line = statistics.Split('\n').FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal));
        return line is not null && long.TryParse(line[key.Length..], CultureInfo.InvariantCulture, out var files) ? used - files : used;
    }

    private static long? Number(Group group, string file)
        => HostMemory.TryRead(Path.Combine(group.Folder, file)) is { } text && long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null;

    // Inside a container the group's path may name folders of the host that are not there; the topmost one is the container's own.
    private static IEnumerable<string> Levels(string group)
    {
        var level = group.Trim('/');
        for (; level.Length > 0; level = level.LastIndexOf('/') is > 0 and var cut ? level[..cut] : "") yield return level;
        yield return "";
    }
}
