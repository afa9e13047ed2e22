// One source for two uses: compiled into the library (the run-time fallback) and by MSBuild's inline task (the build step).
// The task is compiled against .NET Standard 2.0 with an old language version: plain C# only in this file.
using System;
using System.IO;
using System.Text;

namespace Socratic.Training.Native
{
    /// <summary>
    /// Makes a copy of libLibTorchSharp.so loadable where libstdc++ is older than GCC 13's (Debian 12, Ubuntu 22.04, RHEL 9).
    /// The file needs GLIBCXX_3.4.32 for one symbol only, an initializer that older libraries run by themselves: the symbol is
    /// renamed to a harmless libc function and the version requirement is rewritten to one the file has anyway.
    /// </summary>
    internal static class LibTorchSharpPatch
    {
        private const string Symbol = "_ZSt21ios_base_library_initv";
        private const string Replacement = "sched_yield";
        private const string TooNew = "GLIBCXX_3.4.32";
        private const string Known = "GLIBCXX_3.4.21";
        private const string LibcVersion = "GLIBC_2.2.5";

        private const uint SectionDynamicSymbols = 11;
        private const uint SectionVersionSymbols = 0x6fffffff;
        private const uint SectionVersionNeeds = 0x6ffffffe;

        /// <summary>Patches the image in place. Returns false, leaving it unchanged, if it does not need the newer library.</summary>
        /// <exception cref="InvalidDataException">The image is not a 64-bit little-endian ELF file of the expected form.</exception>
        internal static bool Apply(byte[] image)
        {
            if (image.Length < 64 || image[0] != 0x7f || image[1] != 'E' || image[2] != 'L' || image[3] != 'F' || image[4] != 2 || image[5] != 1)
                throw new InvalidDataException("not a 64-bit little-endian ELF file");

            long symbols = FindSection(image, SectionDynamicSymbols);
            long versions = FindSection(image, SectionVersionSymbols);
            long needs = FindSection(image, SectionVersionNeeds);
            long strings = Offset(image, SectionHeader(image, (int)BitConverter.ToUInt32(image, (int)symbols + 40)));

            long tooNew = FindVersion(image, needs, strings, TooNew);
            if (tooNew < 0) return false;
            long known = FindVersion(image, needs, strings, Known);
            long libc = FindVersion(image, needs, strings, LibcVersion);
            if (known < 0 || libc < 0) throw new InvalidDataException("it does not need " + Known + " and " + LibcVersion);

            int count = (int)(Size(image, symbols) / 24);
            long entry = -1;
            for (int i = 0; i < count && entry < 0; i++)
                if (Text(image, strings + BitConverter.ToUInt32(image, (int)Offset(image, symbols) + i * 24)) == Symbol) entry = i;
            if (entry < 0) throw new InvalidDataException("it needs " + TooNew + " but not " + Symbol);

            byte[] name = Encoding.ASCII.GetBytes(Replacement + "\0");
            Array.Copy(name, 0, image, strings + BitConverter.ToUInt32(image, (int)(Offset(image, symbols) + entry * 24)), name.Length);
            Array.Copy(image, libc + 6, image, Offset(image, versions) + entry * 2, 2);
            Array.Copy(image, known, image, tooNew, 4);
            Array.Copy(image, known + 8, image, tooNew + 8, 4);
            return true;
        }

        // A vernaux record: hash (4 bytes), flags (2), version index (2), name (4), next (4).
        private static long FindVersion(byte[] image, long section, long strings, string version)
        {
            long need = Offset(image, section);
            while (true)
            {
                long auxiliary = need + BitConverter.ToUInt32(image, (int)need + 8);
                int entries = BitConverter.ToUInt16(image, (int)need + 2);
                for (int i = 0; i < entries; i++)
                {
                    if (Text(image, strings + BitConverter.ToUInt32(image, (int)auxiliary + 8)) == version) return auxiliary;
                    auxiliary += BitConverter.ToUInt32(image, (int)auxiliary + 12);
                }
                uint next = BitConverter.ToUInt32(image, (int)need + 12);
                if (next == 0) return -1;
                need += next;
            }
        }

        private static long SectionHeader(byte[] image, int index)
        {
            return BitConverter.ToInt64(image, 0x28) + index * (long)BitConverter.ToUInt16(image, 0x3a);
        }

        private static long FindSection(byte[] image, uint type)
        {
            int count = BitConverter.ToUInt16(image, 0x3c);
            for (int i = 0; i < count; i++)
            {
                long header = SectionHeader(image, i);
                if (BitConverter.ToUInt32(image, (int)header + 4) == type) return header;
            }
            throw new InvalidDataException("it has no section of type 0x" + type.ToString("x", System.Globalization.CultureInfo.InvariantCulture));
        }

        private static long Offset(byte[] image, long header) { return BitConverter.ToInt64(image, (int)header + 24); }

        private static long Size(byte[] image, long header) { return BitConverter.ToInt64(image, (int)header + 32); }

        private static string Text(byte[] image, long offset)
        {
            int end = Array.IndexOf(image, (byte)0, (int)offset);
            return Encoding.ASCII.GetString(image, (int)offset, end - (int)offset);
        }
    }
}

#if !SOCRATIC_LIBRARY
namespace Socratic.Training.Build
{
    /// <summary>The build step: writes a patched copy beside the project's intermediate files, never into bin or the NuGet cache.</summary>
    public class PatchLibTorchSharp : Microsoft.Build.Utilities.Task
    {
        [Microsoft.Build.Framework.Required]
        public string Source { get; set; }

        [Microsoft.Build.Framework.Required]
        public string Destination { get; set; }

        public override bool Execute()
        {
            try
            {
                byte[] image = File.ReadAllBytes(Source);
                Socratic.Training.Native.LibTorchSharpPatch.Apply(image);
                Directory.CreateDirectory(Path.GetDirectoryName(Destination));
                // The old copy may be hard-linked into an output folder: writing through the link would change it there too.
                if (File.Exists(Destination)) File.Delete(Destination);
                File.WriteAllBytes(Destination, image);
                return true;
            }
            catch (Exception e)
            {
                Log.LogError("Socratic.Training could not adapt " + Source + " to older Linux distributions: " + e.Message
                    + ". Set SocraticPatchLibTorchSharp=false to build with the original file (glibc's libstdc++ of GCC 13 or newer is then needed).");
                return false;
            }
        }
    }
}
#endif
