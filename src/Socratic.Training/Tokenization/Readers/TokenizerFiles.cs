namespace Socratic.Training.Tokenization.Readers;

/// <summary>
/// The tokenizer files of a folder, held in memory: a run must be able to write them again when the folder they came from
/// (a checkpoint that was rotated away, say) is gone.
/// </summary>
internal sealed class TokenizerFiles
{
    public const string Json = "tokenizer.json";
    public const string SentencePiece = "tokenizer.model";
    public const string Config = "tokenizer_config.json";
    public const string SpecialTokens = "special_tokens_map.json";
    public const string AddedTokens = "added_tokens.json";
    public const string Vocabulary = "vocab.json";
    public const string Merges = "merges.txt";
    public const string TemplateText = "chat_template.jinja";
    public const string TemplateJson = "chat_template.json";

    private static readonly string[] Names = [Json, SentencePiece, Config, SpecialTokens, AddedTokens, Vocabulary, Merges, TemplateText, TemplateJson];

    private readonly Dictionary<string, byte[]> files = new(StringComparer.Ordinal);

    private TokenizerFiles(string folder) => Folder = folder;

    public string Folder { get; }

    /// <summary>Reads what is there.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static TokenizerFiles Read(string folder)
    {
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"The model folder '{folder}' does not exist.");
        var files = new TokenizerFiles(folder);
        foreach (var name in Names)
        {
            var path = Path.Combine(folder, name);
            if (File.Exists(path)) files.files.Add(name, File.ReadAllBytes(path));
        }
        return files;
    }

    public bool TryGet(string name, out byte[] content)
    {
        var found = files.TryGetValue(name, out var bytes);
        content = bytes ?? [];
        return found;
    }

    /// <summary>The path of a file, for errors.</summary>
    public string PathOf(string name) => Path.Combine(Folder, name);

    public IEnumerable<KeyValuePair<string, byte[]>> All => files;
}
