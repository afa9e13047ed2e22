using System.Security.Cryptography;
using Socratic.Training.Files;

namespace Socratic.Training.Quantization.Kernels;

/// <summary>
/// Compiled kernels on disk. A file's name holds everything that its content depends on, so another source, GPU or compiler finds no file rather than a wrong one;
/// a file that is not whole is no file. A folder that cannot be written only means compiling again.
/// </summary>
/// <param name="folder">Made when first written to.</param>
internal sealed class KernelCache(string folder)
{
    internal const string Variable = "SOCRATIC_KERNEL_CACHE";

    private static readonly byte[] Mark = "SOCRATIC KERNELS 1\n"u8.ToArray();

    /// <summary>Where the variable says, else among the user's local data.</summary>
    internal static string DefaultFolder => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData) is { Length: > 0 } local ? local : Path.GetTempPath(), "Socratic.Training", "kernels");

    internal static string Key(KernelModule module, string target, Version compiler) => $"{module.Name}-{target}-nvrtc{compiler}-{module.Hash[..24]}";

    internal byte[]? Read(string key)
    {
        try
        {
            var bytes = File.ReadAllBytes(FileOf(key));
            var begin = Mark.Length + SHA256.HashSizeInBytes;
            if (bytes.Length <= begin || !bytes.AsSpan(0, Mark.Length).SequenceEqual(Mark)) return null;
            return SHA256.HashData(bytes.AsSpan(begin)).AsSpan().SequenceEqual(bytes.AsSpan(Mark.Length, SHA256.HashSizeInBytes)) ? bytes[begin..] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    internal void Write(string key, byte[] image)
    {
        try
        {
            Directory.CreateDirectory(folder);
            AtomicFile.Write(FileOf(key), stream =>
            {
                stream.Write(Mark);
                stream.Write(SHA256.HashData(image));
                stream.Write(image);
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Read-only or full: the next process compiles again.
        }
    }

    internal string FileOf(string key) => Path.Combine(folder, key + ".kernels");
}
