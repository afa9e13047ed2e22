namespace Socratic.Training.Safetensors;

/// <summary>What a safetensors header says about one tensor.</summary>
/// <param name="Name">Its name: any text, compared ordinally, never a path.</param>
/// <param name="Dtype">Its stored dtype under the format's name: <c>F32</c>, <c>BF16</c>, <c>I64</c>, <c>BOOL</c>, ...</param>
/// <param name="Shape">Its dimensions; empty for a scalar.</param>
/// <param name="Offset">Where its bytes begin, counted from the start of the file.</param>
/// <param name="Length">Its size in bytes.</param>
public sealed record SafetensorsEntry(string Name, string Dtype, IReadOnlyList<long> Shape, long Offset, long Length);
