using System.Globalization;
using System.Text;
using System.Text.Json;
using Socratic.Training.Tokenization.Decoders;
using Socratic.Training.Tokenization.Normalizers;
using Socratic.Training.Tokenization.PreTokenizers;

namespace Socratic.Training.Tokenization.Readers;

/// <summary>Reads one kind of component of a tokenizer.json: an object with a type, or a sequence of them.</summary>
internal abstract class ComponentReader<T>(string file, string listKey)
{
    protected string File { get; } = file;

    /// <summary>Reads a component.</summary>
    /// <exception cref="InvalidDataException">Its type is unknown, or a setting is.</exception>
    public T Read(JsonElement element, string path)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGet("type", out var typeElement)) throw JsonFile.Expected("an object with a type", element, File, path);
        var type = typeElement.Text(File, $"{path}.type");
        if (type != "Sequence") return Create(type, element, path) ?? throw new InvalidDataException($"{File}: {path} has the type '{type}', which is not supported.");
        if (!element.TryGet(listKey, out var list) || list.ValueKind != JsonValueKind.Array) throw new InvalidDataException($"{File}: {path}.{listKey} must be a list.");
        var parts = new List<T>();
        foreach (var part in list.EnumerateArray()) parts.Add(Read(part, string.Create(CultureInfo.InvariantCulture, $"{path}.{listKey}[{parts.Count}]")));
        return Sequence(parts);
    }

    protected abstract T? Create(string type, JsonElement element, string path);

    protected abstract T Sequence(IReadOnlyList<T> parts);

    protected string Text(JsonElement element, string key, string path) => element.TryGet(key, out var value) ? value.Text(File, $"{path}.{key}") : throw new InvalidDataException($"{File}: {path}.{key} is missing.");

    protected bool Flag(JsonElement element, string key, bool fallback, string path) => element.Flag(key, fallback, File, path);

    protected int Number(JsonElement element, string key, string path) => element.TryGet(key, out var value) ? value.Id(File, $"{path}.{key}") : throw new InvalidDataException($"{File}: {path}.{key} is missing.");

    protected char Character(JsonElement element, string key, string path)
        => Text(element, key, path) is { Length: 1 } text ? text[0] : throw new InvalidDataException($"{File}: {path}.{key} must be one character up to U+FFFF.");

    protected ITextPattern Pattern(JsonElement element, string path)
    {
        if (!element.TryGet("pattern", out var pattern) || pattern.ValueKind != JsonValueKind.Object) throw new InvalidDataException($"{File}: {path}.pattern must be an object with String or Regex.");
        if (pattern.TryGet("String", out var literal)) return new LiteralPattern(literal.Text(File, $"{path}.pattern.String"));
        var regex = Text(pattern, "Regex", $"{path}.pattern");
        try
        {
            return new RegexPattern(regex);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new InvalidDataException($"{File}: {path}.pattern.Regex '{regex}' cannot be used: {e.Message}", e);
        }
    }

    protected PrependScheme Scheme(JsonElement element, string path)
    {
        if (!element.TryGet("prepend_scheme", out var scheme)) return Flag(element, "add_prefix_space", true, path) ? PrependScheme.Always : PrependScheme.Never;
        return scheme.Text(File, $"{path}.prepend_scheme") switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            var other => throw new InvalidDataException($"{File}: {path}.prepend_scheme is '{other}'; known are always, first, never."),
        };
    }
}

/// <summary>Reads normalizers.</summary>
internal sealed class NormalizerReader(string file) : ComponentReader<INormalizer>(file, "normalizers")
{
    protected override INormalizer? Create(string type, JsonElement element, string path) => type switch
    {
        "Replace" => new ReplaceNormalizer(Pattern(element, path), Text(element, "content", path)),
        "Prepend" => new PrependNormalizer(Text(element, "prepend", path)),
        "NFC" => new UnicodeNormalizer(NormalizationForm.FormC),
        "NFD" => new UnicodeNormalizer(NormalizationForm.FormD),
        "NFKC" => new UnicodeNormalizer(NormalizationForm.FormKC),
        "NFKD" => new UnicodeNormalizer(NormalizationForm.FormKD),
        "Lowercase" => new LowercaseNormalizer(),
        "Strip" => new StripNormalizer(Flag(element, "strip_left", true, path), Flag(element, "strip_right", true, path)),
        "StripAccents" => new StripAccentsNormalizer(),
        _ => null,
    };

    protected override INormalizer Sequence(IReadOnlyList<INormalizer> parts) => new SequenceNormalizer(parts);
}

/// <summary>Reads pre-tokenizers.</summary>
internal sealed class PreTokenizerReader(string file) : ComponentReader<IPreTokenizer>(file, "pretokenizers")
{
    protected override IPreTokenizer? Create(string type, JsonElement element, string path) => type switch
    {
        "Split" => new SplitPreTokenizer(Pattern(element, path), Behavior(element, path), Flag(element, "invert", false, path)),
        "ByteLevel" => new ByteLevelPreTokenizer(Flag(element, "add_prefix_space", true, path), Flag(element, "use_regex", true, path) ? ByteLevelPreTokenizer.Words : null),
        "Metaspace" => new MetaspacePreTokenizer(Character(element, "replacement", path), Scheme(element, path), Flag(element, "split", true, path)),
        "Digits" => new SplitPreTokenizer(new RegexPattern(Flag(element, "individual_digits", false, path) ? @"\p{N}" : @"\p{N}+"), SplitBehavior.Isolated, invert: false),
        "Whitespace" => new SplitPreTokenizer(new RegexPattern(@"\w+|[^\w\s]+"), SplitBehavior.Removed, invert: true),
        "WhitespaceSplit" => new SplitPreTokenizer(new RegexPattern(@"\s"), SplitBehavior.Removed, invert: false),
        "CharDelimiterSplit" => new SplitPreTokenizer(new LiteralPattern(Text(element, "delimiter", path)), SplitBehavior.Removed, invert: false),
        _ => null,
    };

    protected override IPreTokenizer Sequence(IReadOnlyList<IPreTokenizer> parts) => new SequencePreTokenizer(parts);

    private SplitBehavior Behavior(JsonElement element, string path)
    {
        var name = Text(element, "behavior", path);
        return Enum.TryParse<SplitBehavior>(name, out var behavior) && Enum.IsDefined(behavior) ? behavior : throw new InvalidDataException($"{File}: {path}.behavior is '{name}', which is unknown.");
    }
}

/// <summary>Reads decoders.</summary>
internal sealed class DecoderReader(string file) : ComponentReader<IDecoder>(file, "decoders")
{
    protected override IDecoder? Create(string type, JsonElement element, string path) => type switch
    {
        "Replace" => new ReplaceDecoder(Pattern(element, path), Text(element, "content", path)),
        "ByteFallback" => new ByteFallbackDecoder(),
        "Fuse" => new FuseDecoder(),
        "Strip" => new StripDecoder(Character(element, "content", path), Number(element, "start", path), Number(element, "stop", path)),
        "ByteLevel" => new ByteLevelDecoder(),
        "Metaspace" => new MetaspaceDecoder(Character(element, "replacement", path), Scheme(element, path)),
        _ => null,
    };

    protected override IDecoder Sequence(IReadOnlyList<IDecoder> parts) => new SequenceDecoder(parts);
}
