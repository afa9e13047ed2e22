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
    internal static long? Read(string root)
    {
        long? lowest = null;
        foreach (var line in (HostMemory.TryRead(Path.Combine(root, "proc/self/cgroup")) ?? "0::/").Split('\n'))
        {
            if (line.Split(':', 3) is not [_, var controllers, var group]) continue;
            var (folder, file) = controllers.Length == 0 ? ("sys/fs/cgroup", "memory.max") : ("sys/fs/cgroup/memory", "memory.limit_in_bytes");
            if (controllers.Length > 0 && !controllers.Split(',').Contains("memory")) continue;
            foreach (var level in Levels(group))
            {
                if (HostMemory.TryRead(Path.Combine(root, folder, level, file)) is { } text && long.TryParse(text, CultureInfo.InvariantCulture, out var bytes)
                    && bytes < NoLimit && !(bytes >= lowest)) lowest = bytes;
            }
        }
        return lowest;
    }

    // Inside a container the group's path may name folders of the host that are not there; the topmost one is the container's own.
    private static IEnumerable<string> Levels(string group)
    {
        var level = group.Trim('/');
        for (; level.Length > 0; level = level.LastIndexOf('/') is > 0 and var cut ? level[..cut] : "") yield return level;
        yield return "";
    }
}
