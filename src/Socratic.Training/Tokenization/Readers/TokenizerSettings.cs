using System.Globalization;
using System.Text.Json;

namespace Socratic.Training.Tokenization.Readers;

/// <summary>What tokenizer_config.json, special_tokens_map.json and added_tokens.json say besides the tokenizer itself.</summary>
internal sealed class TokenizerSettings
{
    private const int MaximumAddedLength = 512;

    private static readonly string[] Roles = ["bos_token", "eos_token", "pad_token", "unk_token"];

    private readonly Dictionary<string, string> roles = new(StringComparer.Ordinal);
    private string configPath = "";

    /// <summary>Whether bos is put before plain text; null if nothing is said.</summary>
    public bool? AddBos { get; private set; }

    /// <summary>The text of the folder's chat template, never executed.</summary>
    public string? ChatTemplate { get; private set; }

    /// <summary>The name of the reference's class; null if none is named.</summary>
    public string? TokenizerClass { get; private set; }

    public List<AddedToken> AddedTokens { get; } = [];

    /// <summary>Pieces named as special.</summary>
    public HashSet<string> SpecialPieces { get; } = new(StringComparer.Ordinal);

    /// <summary>The piece with a role such as <c>eos_token</c>; null if none is named.</summary>
    public string? PieceFor(string role) => roles.GetValueOrDefault(role);

    /// <summary>Reads the configuration of a folder; missing files say nothing.</summary>
    /// <exception cref="InvalidDataException">A file is broken.</exception>
    public static TokenizerSettings Read(TokenizerFiles files)
    {
        var settings = new TokenizerSettings();
        foreach (var name in (string[])[TokenizerFiles.Config, TokenizerFiles.SpecialTokens])
        {
            if (!files.TryGet(name, out var content)) continue;
            var path = files.PathOf(name);
            var root = JsonFile.ParseObject(content, path);
            settings.ReadRoles(root, path);
            if (name == TokenizerFiles.Config) settings.ReadConfig(root, path);
        }
        if (files.TryGet(TokenizerFiles.AddedTokens, out var added) && settings.AddedTokens.Count == 0) settings.ReadAddedTokens(JsonFile.ParseObject(added, files.PathOf(TokenizerFiles.AddedTokens)), files.PathOf(TokenizerFiles.AddedTokens));
        settings.ReadTemplateFile(files);
        return settings;
    }

    /// <summary>Requires that the vocabulary gives an added token of the configuration the same id.</summary>
    public void CheckAgainst(Dictionary<string, int> ids, AddedToken token, string file)
    {
        if (ids.TryGetValue(token.Content, out var id) && id != token.Id)
            throw new InvalidDataException($"{configPath}: added_tokens_decoder gives '{token.Content}' the id {token.Id}, but {Path.GetFileName(file)} gives it {id}.");
    }

    private void ReadRoles(JsonElement root, string path)
    {
        foreach (var role in Roles)
            if (root.TryGet(role, out var value) && !roles.ContainsKey(role)) roles.Add(role, Content(value, path, role));
        foreach (var piece in roles.Values) SpecialPieces.Add(piece);
        if (!root.TryGet("additional_special_tokens", out var more)) return;
        if (more.ValueKind != JsonValueKind.Array) throw JsonFile.Expected("a list", more, path, "additional_special_tokens");
        foreach (var piece in more.EnumerateArray()) SpecialPieces.Add(Content(piece, path, "additional_special_tokens"));
    }

    private static string Content(JsonElement value, string path, string key)
        => value.ValueKind == JsonValueKind.Object && value.TryGet("content", out var content) ? content.Text(path, $"{key}.content") : value.Text(path, key);

    private void ReadConfig(JsonElement root, string path)
    {
        configPath = path;
        if (root.TryGet("add_bos_token", out _)) AddBos = root.Flag("add_bos_token", false, path, "$");
        if (root.TryGet("chat_template", out var template)) ChatTemplate = TemplateOf(template, path);
        if (root.TryGet("tokenizer_class", out var name)) TokenizerClass = name.Text(path, "tokenizer_class");
        if (!root.TryGet("added_tokens_decoder", out var added)) return;
        if (added.ValueKind != JsonValueKind.Object) throw JsonFile.Expected("an object", added, path, "added_tokens_decoder");
        foreach (var entry in added.EnumerateObject())
        {
            var where = $"added_tokens_decoder.{entry.Name}";
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id >= JsonFile.MaximumId) throw new InvalidDataException($"{path}: {where} is no id.");
            AddedTokens.Add(ReadAddedToken(entry.Value, id, path, where));
        }
    }

    /// <summary>One entry of a list of added tokens.</summary>
    public static AddedToken ReadAddedToken(JsonElement entry, int id, string path, string where)
    {
        if (entry.ValueKind != JsonValueKind.Object) throw JsonFile.Expected("an object", entry, path, where);
        if (!entry.TryGet("content", out var content)) throw new InvalidDataException($"{path}: {where}.content is missing.");
        var text = content.Text(path, $"{where}.content");
        if (text.Length == 0) throw new InvalidDataException($"{path}: {where} has no text, so it would match everywhere.");
        // Every position of a text is compared with every added token: a hostile one must not make that slow.
        if (text.Length > MaximumAddedLength) throw new InvalidDataException($"{path}: {where} has {text.Length} characters; at most {MaximumAddedLength} are allowed.");
        var special = entry.Flag("special", false, path, where);
        return new AddedToken(id, text)
        {
            Special = special,
            Normalized = entry.Flag("normalized", !special, path, where),
            SingleWord = entry.Flag("single_word", false, path, where),
            LeftStrip = entry.Flag("lstrip", false, path, where),
            RightStrip = entry.Flag("rstrip", false, path, where),
        };
    }

    private void ReadAddedTokens(JsonElement root, string path)
    {
        foreach (var entry in root.EnumerateObject())
        {
            if (entry.Name.Length == 0) throw new InvalidDataException($"{path}: an added token has no text.");
            AddedTokens.Add(new AddedToken(entry.Value.Id(path, entry.Name), entry.Name) { Special = SpecialPieces.Contains(entry.Name) });
        }
    }

    private void ReadTemplateFile(TokenizerFiles files)
    {
        // The file stands above the configuration, as in the reference.
        if (files.TryGet(TokenizerFiles.TemplateText, out var text)) ChatTemplate = System.Text.Encoding.UTF8.GetString(text);
        else if (files.TryGet(TokenizerFiles.TemplateJson, out var json))
        {
            var path = files.PathOf(TokenizerFiles.TemplateJson);
            if (JsonFile.ParseObject(json, path).TryGet("chat_template", out var template)) ChatTemplate = TemplateOf(template, path);
        }
    }

    private static string? TemplateOf(JsonElement template, string path)
    {
        if (template.ValueKind != JsonValueKind.Array) return template.Text(path, "chat_template");
        foreach (var entry in template.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Object || !entry.TryGet("name", out var name) || !entry.TryGet("template", out var body)) throw JsonFile.Expected("a name and a template", entry, path, "chat_template[]");
            if (name.Text(path, "chat_template[].name") == "default") return body.Text(path, "chat_template[].template");
        }
        return null;
    }
}
