using System.Globalization;
using System.Text;
using Socratic.Training.Quantization.Kernels;

namespace Socratic.Training.Quantization.Tests.Kernels.Compiled;

/// <summary>docs/kernels.md, written from what the compiler says.</summary>
internal static class KernelPage
{
    private const double Weights = 9216.0 * 2304;

    // Bytes a second that the memory of each GPU is built for.
    private static readonly (string Name, double Bandwidth)[] Gpus = [("A100-80", 2.039e12), ("H100 SXM", 3.35e12), ("RTX 4090", 1.008e12)];

    internal static string Write()
    {
        var page = new StringBuilder();
        page.AppendLine(CultureInfo.InvariantCulture, $"""
            # CUDA kernels

            The sources lie in `src/Socratic.Training.Quantization/Kernels/Sources`. NVRTC, which libtorch's CUDA packages bring, compiles them at first use for the GPU at hand;
            the machine code is kept in a cache folder. `eng/kernel-table.sh` makes this page from the compiler's own output (NVRTC {CompilerHere.Compiler.Version}), and a test holds it.
            None of these times was measured: the last columns are the bytes over the bandwidth the memory is built for, the floor for a weight of 9216 x 2304.

            - *bytes*: read and written for each weight; blocks of 64 (8-bit: 256). Nested scales make it {Bytes(0.5 + 1 / 64.0 + 4 / 16384.0)} instead of {Bytes(0.5 + 4 / 64.0)} on the reading side of `dequantize` and `product`.
            - *registers* a thread, *shared* memory a block of threads, *spills*: ptxas on sm_80 / sm_90.
            - *occupancy*: warps that a multiprocessor holds over the 64 it could, on sm_80 / sm_90.

            | kernel | threads | bytes | registers | shared | spills | occupancy | {string.Join(" | ", Gpus.Select(g => g.Name))} |
            |---|---|---|---|---|---|---|{string.Concat(Gpus.Select(_ => "---|"))}
            """);
        foreach (var module in KernelModule.All)
        {
            var (on80, on90) = (KernelResources.Read(CompilerHere.Compile(module, 80).Log), KernelResources.Read(CompilerHere.Compile(module, 90).Log));
            foreach (var entry in KernelEntry.All.Where(e => e.Module == module)) page.AppendLine(Row(entry, on80[entry.Name], on90[entry.Name]));
        }
        page.AppendLine().AppendLine("""
            Values are exact: products and sums are rounded one by one (`--fmad=false`, `__fmul_rn`, `__fadd_rn`), quotients and reciprocals correctly, subnormals are kept.
            `product` alone adds with fused multiply-add; its weights are rounded as `dequantize` rounds them. AdamW's state is read and written once a step.

            ## On a machine with a GPU

            Nothing is to be installed besides the driver and libtorch's CUDA package. The kernels run on sm_75 and newer: as machine code where the compiler knows the GPU, else as PTX that
            the driver compiles. `SOCRATIC_NVRTC` names the compiler's folder where it lies elsewhere, `SOCRATIC_KERNEL_CACHE` another folder for the compiled kernels.
            Without NVRTC there is one warning, and torch's operators give the same values at several times the memory traffic.
            """);
        return page.ToString().ReplaceLineEndings("\n").TrimEnd('\n') + "\n";
    }

    private static string Row(KernelEntry entry, KernelResources on80, KernelResources on90)
    {
        var bytes = Moved(entry.Name);
        var times = Gpus.Select(g => string.Create(CultureInfo.InvariantCulture, $"{Weights * bytes / g.Bandwidth * 1e6:0} us"));
        return string.Create(CultureInfo.InvariantCulture,
            $"| `{entry}` | {entry.Threads} | {bytes:0.###} | {Both(on80.Registers, on90.Registers)} | {Both(on80.Shared, on90.Shared)} | {on80.Spills + on90.Spills} | {on80.Occupancy(80, entry.Threads):P0} / {on90.Occupancy(90, entry.Threads):P0} | {string.Join(" | ", times)} |");
    }

    // Weights and gradients of 2 or 4 bytes; codes of half a byte or one; a float32 scale a block.
    private static double Moved(string name)
    {
        var size = name.Contains("f32", StringComparison.Ordinal) ? 4 : 2;
        return name.Split('_')[0] switch
        {
            "dequantize" or "quantize" => size + 0.5 + (4 / 64.0),
            "dequantize8" or "quantize8" => size + 1 + (4 / 256.0),
            "adamw8" => (3 * size) + 4 + (4 * 4 / 256.0),
            "product" => 0.5 + (4 / 64.0),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "unknown"),
        };
    }

    private static string Both(int first, int second) => first == second ? $"{first}" : $"{first} / {second}";

    private static string Bytes(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
