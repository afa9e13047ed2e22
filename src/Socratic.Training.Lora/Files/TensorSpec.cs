namespace Socratic.Training.Lora.Files;

/// <summary>A tensor an adapter consists of: the module it belongs to, its name there, its shape, and whether a file may do without it.</summary>
internal sealed record TensorSpec(string Path, string Template, IReadOnlyList<long> Shape, bool IsOptional = false)
{
    public string FileKey => AdapterNames.FileKey(Path, Template);
}
