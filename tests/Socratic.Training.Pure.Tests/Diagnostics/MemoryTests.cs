using System.Runtime.InteropServices;
using Socratic.Training.Diagnostics;

namespace Socratic.Training.Pure.Tests.Diagnostics;

public sealed class MemoryTests
{
    [Fact]
    public void Resident_memory_and_its_peak_are_those_of_the_process()
    {
        var (resident, peak) = (HostMemory.Resident(), HostMemory.Peak());
        Assert.InRange(resident, 10_000_000, Environment.WorkingSet * 2);
        Assert.True(peak >= resident / 2);
    }

    [Fact]
    public void Without_a_GPU_its_figures_are_missing()
    {
        var figures = new MemoryFigures(5);
        Assert.Null(figures.GpuBytes);
        Assert.Null(figures.GpuPercent);
        Assert.Equal(25, new MemoryFigures(5, 2, 8).GpuPercent);
    }

    [Fact]
    public void Peak_is_read_from_the_kernels_page() => Assert.Equal(2_048_000, HostMemory.PeakOf("VmPeak:\t 9 kB\nVmHWM:\t    2000 kB\nVmRSS:\t 1 kB\n"));

    [Theory]
    [InlineData("0::/a/b\n", "sys/fs/cgroup/a/memory.max", "1000", 1000L)]
    [InlineData("0::/a/b\n", "sys/fs/cgroup/memory.max", "max", null)]
    [InlineData("0::/\n", "sys/fs/cgroup/memory.max", "2000\n", 2000L)]
    [InlineData("4:cpu:/x\n3:memory,hugetlb:/docker/7\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", "3000", 3000L)]
    [InlineData("3:memory:/docker/7\n", "sys/fs/cgroup/memory/docker/7/memory.limit_in_bytes", "9223372036854771712", null)]
    public void The_limit_of_a_container_is_found(string groups, string file, string content, long? expected)
    {
        var root = Directory.CreateTempSubdirectory().FullName;
        Write("proc/self/cgroup", groups);
        Write(file, content);
        Assert.Equal(expected, MemoryLimit.Read(root));

        void Write(string path, string text)
        {
            var full = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllText(full, text);
        }
    }

    [Fact]
    public void The_lowest_limit_on_the_way_up_counts()
    {
        var root = Directory.CreateTempSubdirectory().FullName;
        Directory.CreateDirectory(Path.Combine(root, "sys/fs/cgroup/a"));
        Directory.CreateDirectory(Path.Combine(root, "proc/self"));
        File.WriteAllText(Path.Combine(root, "proc/self/cgroup"), "0::/a");
        File.WriteAllText(Path.Combine(root, "sys/fs/cgroup/a/memory.max"), "500");
        File.WriteAllText(Path.Combine(root, "sys/fs/cgroup/memory.max"), "300");
        Assert.Equal(300, MemoryLimit.Read(root));
    }

    [Fact]
    public unsafe void Releasing_gives_freed_blocks_of_the_heap_back()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("Only glibc keeps freed blocks.");
        var blocks = Enumerable.Range(0, 4000).Select(_ => Marshal.AllocHGlobal(64_000)).ToList();
        foreach (var block in blocks) new Span<byte>((void*)block, 64_000).Fill(1);
        // The last one stays: the heap cannot shrink from its end by itself.
        foreach (var block in blocks[..^1]) Marshal.FreeHGlobal(block);
        var released = new MemoryReleaser().Release();
        Marshal.FreeHGlobal(blocks[^1]);
        Assert.True(released.BytesAfter < released.BytesBefore - 200_000_000, $"{released.BytesBefore} -> {released.BytesAfter}");
    }
}
