using Socratic.Testing;

namespace Socratic.Training.Tests.Data;

/// <summary>The quickstart's model and dialogues, as real input.</summary>
internal static class Quickstart
{
    public static string Folder => Path.Combine(RepositoryRoot.Path, "samples", "Quickstart");

    public static string Model => Path.Combine(Folder, "model", "socratic-tiny-ja");

    public static string Dialogues => Path.Combine(Folder, "quickstart-dialogues.json");

    public static TextTokenizer Tokenizer { get; } = TextTokenizer.Load(Model);
}
