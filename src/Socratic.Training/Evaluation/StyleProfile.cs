using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Socratic.Training.Evaluation;

namespace Socratic.Training;

/// <summary>
/// A way of speaking, as data: what ends a sentence, how sentences end in it, what links them. Texts are scored against it by <see cref="Score"/>.
/// Take a built-in one, write one with an object initializer (or <c>with</c>), or read one with <see cref="Read"/>.
/// </summary>
/// <remarks>Words are looked for anywhere in a sentence, without regard to word boundaries. Lengths are in Unicode code points. Immutable and safe to share.</remarks>
public sealed record StyleProfile
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly Lazy<StyleProfile> Ja = new(() => BuiltIn("socratic-ja"));
    private static readonly Lazy<StyleProfile> En = new(() => BuiltIn("socratic-en"));
    private static readonly Lazy<StyleProfile> Original = new(() => BuiltIn("notebook"));

    /// <summary>Socratic asking in Japanese: the default.</summary>
    public static StyleProfile SocraticJapanese => Ja.Value;

    /// <summary>Socratic asking in English.</summary>
    public static StyleProfile SocraticEnglish => En.Value;

    /// <summary>The original notebook's measure, to compare figures with: it splits at 。 only and knows neither でしょうか nor a question mark.</summary>
    public static StyleProfile Notebook => Original.Value;

    /// <summary>The name it goes by in logs and in training_config.json.</summary>
    public string Name { get; init; } = "custom";

    /// <summary>The characters that end a sentence.</summary>
    public string Terminators { get; init; } = ".!?。！？";

    /// <summary>Those of the terminators that make the sentence a question.</summary>
    public string QuestionTerminators { get; init; } = "?？";

    /// <summary>What a question ends in.</summary>
    public IReadOnlyList<string> QuestionEndings { get; init; } = [];

    /// <summary>What a statement in this style ends in.</summary>
    public IReadOnlyList<string> StatementEndings { get; init; } = [];

    /// <summary>What a reflection in this style ends in.</summary>
    public IReadOnlyList<string> ReflectionEndings { get; init; } = [];

    /// <summary>Auxiliary words a sentence in this style holds.</summary>
    public IReadOnlyList<string> Auxiliaries { get; init; } = [];

    /// <summary>Words that link a sentence to the one before.</summary>
    public IReadOnlyList<string> Conjunctions { get; init; } = [];

    /// <summary>How many of a sentence's last code points are searched for an ending.</summary>
    /// <value>10; at least 1.</value>
    public int EndingWindow { get; init; } = 10;

    /// <summary>The share of sentences that should be questions.</summary>
    /// <value>0.5; from 0 to 1.</value>
    public double QuestionShare { get; init; } = 0.5;

    /// <summary>The variance of sentence lengths (code points squared) at which that part of the style consistency halves.</summary>
    /// <value>100; above 0.</value>
    public double StyleVariance { get; init; } = 100;

    /// <summary>The variance of sentence lengths (code points squared) at which that part of the dialogue flow halves.</summary>
    /// <value>500; above 0.</value>
    public double FlowVariance { get; init; } = 500;

    /// <summary>Whether words are found whatever their case.</summary>
    /// <value>false</value>
    public bool IgnoreCase { get; init; }

    /// <summary>The words whose share of texts is reported as <c>question_word_share</c>.</summary>
    public IReadOnlyList<string> QuestionWords { get; init; } = [];

    /// <summary>The endings whose share of sentences is reported as <c>question_ending_share</c>.</summary>
    public IReadOnlyList<string> AskingEndings { get; init; } = [];

    /// <summary>Scores one text. An empty text is one blank sentence.</summary>
    public StyleScores Score(string text) => StyleScorer.Score(this, text);

    /// <summary>A built-in profile by its name (<c>socratic-ja</c>, <c>socratic-en</c> or <c>notebook</c>), or the one in a JSON file.</summary>
    /// <param name="nameOrPath">A name, or the path of a file that <see cref="Read"/> reads.</param>
    /// <exception cref="ArgumentException">There is no profile of that name, and no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no valid profile.</exception>
    public static StyleProfile Find(string nameOrPath) => nameOrPath switch
    {
        "socratic-ja" => SocraticJapanese,
        "socratic-en" => SocraticEnglish,
        "notebook" => Notebook,
        _ when File.Exists(nameOrPath) => Read(nameOrPath),
        _ => throw new ArgumentException(
            $"There is no style profile '{nameOrPath}', and no file of that path. Built in are socratic-ja, socratic-en and notebook; a profile of your own is given by the path of its JSON file.",
            nameof(nameOrPath)),
    };

    /// <summary>Reads a profile from a JSON file: one object whose keys are this type's properties in camelCase. Its name is the file's unless it states one.</summary>
    /// <exception cref="InvalidDataException">The file is no valid profile; the message names the file and each problem.</exception>
    public static StyleProfile Read(string path) => Parse(File.ReadAllText(path), Path.GetFileNameWithoutExtension(path), path);

    /// <summary>The profile as JSON, in the form that <see cref="Read"/> takes.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>Checks the values.</summary>
    /// <exception cref="InvalidDataException">Something is out of range; the message names every problem.</exception>
    public void Validate() => Validate($"The style profile '{Name}'");

    internal static bool IsBuiltIn(StyleProfile profile) => ReferenceEquals(profile, SocraticJapanese) || ReferenceEquals(profile, SocraticEnglish) || ReferenceEquals(profile, Notebook);

    internal static StyleProfile Parse(string json, string name, string where)
    {
        StyleProfile? profile;
        try
        {
            profile = JsonSerializer.Deserialize<StyleProfile>(json, Json);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{where}: not a style profile: {e.Message}", e);
        }
        if (profile is null) throw new InvalidDataException($"{where}: not a style profile: it holds null, expected an object.");
        if (profile.Name == "custom") profile = profile with { Name = name };
        profile.Validate(where);
        return profile;
    }

    private static StyleProfile BuiltIn(string name)
    {
        using var stream = typeof(StyleProfile).Assembly.GetManifestResourceStream($"Socratic.Training.Evaluation.Profiles.{name}.json")!;
        using var reader = new StreamReader(stream);
        return Parse(reader.ReadToEnd(), name, name);
    }

    private void Validate(string where)
    {
        var problems = StyleProfileRules.Problems(this);
        if (problems.Count > 0) throw new InvalidDataException($"{where}: {string.Join("; ", problems)}.");
    }
}
