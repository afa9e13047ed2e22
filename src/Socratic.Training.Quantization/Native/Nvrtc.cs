using System.Runtime.InteropServices;
using System.Text;

namespace Socratic.Training.Quantization.Native;

/// <summary>NVRTC: NVIDIA's compiler as a library.</summary>
internal sealed unsafe class Nvrtc : IKernelCompiler
{
    // The ptxas report costs nothing and says what a kernel takes.
    private static readonly string[] Options = ["--std=c++17", "--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true", "--ptxas-options=-v"];

    private readonly nint library;
    private readonly delegate* unmanaged<int, byte*> errorString;

    /// <exception cref="EntryPointNotFoundException">The library lacks a function of NVRTC 11.2 or newer.</exception>
    private Nvrtc(nint library)
    {
        this.library = library;
        errorString = (delegate* unmanaged<int, byte*>)Export("nvrtcGetErrorString");
        int major, minor;
        Check(((delegate* unmanaged<int*, int*, int>)Export("nvrtcVersion"))(&major, &minor), "nvrtcVersion");
        Version = new(major, minor);
        int count;
        Check(((delegate* unmanaged<int*, int>)Export("nvrtcGetNumSupportedArchs"))(&count), "nvrtcGetNumSupportedArchs");
        var architectures = new int[count];
        fixed (int* first = architectures) Check(((delegate* unmanaged<int*, int>)Export("nvrtcGetSupportedArchs"))(first), "nvrtcGetSupportedArchs");
        Architectures = [.. architectures.Order()];
        Export("nvrtcGetCUBIN");
    }

    public Version Version { get; }

    public IReadOnlyList<int> Architectures { get; }

    /// <summary>Loads the first candidate that works; null if there is none, and <paramref name="search"/> then says what was tried.</summary>
    internal static Nvrtc? TryLoad(ILibraryFiles files, LibrarySearch search)
    {
        foreach (var candidate in NvrtcLocator.Candidates(files))
        {
            if (candidate.Builtins is { } builtins) search.TryLoad(builtins);
            var handle = search.TryLoad(candidate.Library);
            if (handle == 0) continue;
            try
            {
                var compiler = new Nvrtc(handle);
                // A library without its builtins loads, and then compiles nothing.
                compiler.Compile("Probe", "extern \"C\" __global__ void probe() {}", $"compute_{compiler.Architectures[^1]}");
                return compiler;
            }
            catch (Exception e) when (e is EntryPointNotFoundException or KernelCompilationException)
            {
                search.Reject(candidate.Library, e.Message);
            }
        }
        return null;
    }

    public CompiledKernels Compile(string name, string source, string target)
    {
        nint program;
        fixed (byte* text = Utf8(source), file = Utf8(name + ".cu"))
            Check(((delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)Export("nvrtcCreateProgram"))(&program, text, file, 0, null, null), "nvrtcCreateProgram");
        try
        {
            var code = CompileProgram(program, [$"--gpu-architecture={target}", .. Options]);
            var log = Encoding.UTF8.GetString(Read(program, "nvrtcGetProgramLogSize", "nvrtcGetProgramLog")).TrimEnd('\0');
            if (code != 0) throw new KernelCompilationException($"NVRTC {Version} refused {name}.cu for {target} ({Error(code)}):\n{log}");
            var cubin = target.StartsWith("sm_", StringComparison.Ordinal) ? Read(program, "nvrtcGetCUBINSize", "nvrtcGetCUBIN") : [];
            return new(cubin, Read(program, "nvrtcGetPTXSize", "nvrtcGetPTX"), log);
        }
        finally
        {
            ((delegate* unmanaged<nint*, int>)Export("nvrtcDestroyProgram"))(&program);
        }
    }

    private int CompileProgram(nint program, string[] options)
    {
        var texts = Array.ConvertAll(options, Marshal.StringToCoTaskMemUTF8);
        try
        {
            fixed (nint* first = texts) return ((delegate* unmanaged<nint, int, nint*, int>)Export("nvrtcCompileProgram"))(program, texts.Length, first);
        }
        finally
        {
            Array.ForEach(texts, Marshal.FreeCoTaskMem);
        }
    }

    private byte[] Read(nint program, string size, string content)
    {
        nuint length;
        Check(((delegate* unmanaged<nint, nuint*, int>)Export(size))(program, &length), size);
        var bytes = new byte[length];
        fixed (byte* first = bytes) Check(((delegate* unmanaged<nint, byte*, int>)Export(content))(program, first), content);
        return bytes;
    }

    private void Check(int code, string function)
    {
        if (code != 0) throw new KernelCompilationException($"{function} failed: {Error(code)}.");
    }

    private string Error(int code) => Marshal.PtrToStringUTF8((nint)errorString(code)) ?? $"error {code}";

    private nint Export(string name) => NativeLibrary.GetExport(library, name);

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text + '\0');
}
