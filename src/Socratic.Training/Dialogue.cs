using System.Text;
using System.Text.Json;
using Socratic.Training.Data.Reading;

namespace Socratic.Training;

/// <summary>A conversation of a data file.</summary>
/// <param name="messages">The messages: at most one system message, first; then user and assistant in turn.</param>
public sealed class Dialogue(IReadOnlyList<ChatMessage> messages)
{
    /// <summary>The messages.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; } = messages;

    /// <summary>The file it was read from; empty if none.</summary>
    public string File { get; init; } = "";

    /// <summary>The line of <see cref="File"/> where it begins, from 1; 0 if it was not read from a file.</summary>
    public int Line { get; init; }

    /// <summary>The row's other keys, which training ignores.</summary>
    public IReadOnlyDictionary<string, JsonElement> Extra { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>The messages before the last answer: what a model is asked when it is tried on this dialogue.</summary>
    public IReadOnlyList<ChatMessage> Prompt => Messages.Count > 0 && Messages[^1].Role == ChatMessage.AssistantRole ? [.. Messages.SkipLast(1)] : Messages;

    /// <summary>The dialogue as text, a paragraph a message, for logs.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (role, content) in Messages) text.Append(text.Length > 0 ? "\n" : "").Append(role).Append(": ").Append(content);
        return text.ToString();
    }

    /// <summary>
    /// Reads the dialogues of a file: a JSON array, or JSON lines, of <c>{"messages": [{"role": ..., "content": ...}]}</c> (ShareGPT and Alpaca rows too).
    /// Roles are mapped: model, gpt, bot and assistant to assistant, human and user to user.
    /// </summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DatasetException">The file has problems, which are listed, or holds rows that are no dialogues, or none at all.</exception>
    public static IReadOnlyList<Dialogue> ReadFile(string path)
    {
        var rows = DataFile.ReadValid(path, DialogueOptions.DefaultMaxProblems);
        if (rows.FirstOrDefault(r => r.Dialogue is null) is { } other)
            throw new DatasetException($"{path}:{other.Line}: the row is no dialogue but {other.KindName}.");
        return [.. rows.Select(r => r.Dialogue!)];
    }

    /// <summary>Writes dialogues as a JSON array, a row a line, in UTF-8 with its characters as they are; the file appears whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="dialogues">The dialogues.</param>
    /// <param name="assistantRole">What assistants are called; <c>model</c> as in Gemma's data.</param>
    public static void WriteFile(string path, IEnumerable<Dialogue> dialogues, string assistantRole = "model") => DialogueWriter.Write(path, dialogues, assistantRole);
}
