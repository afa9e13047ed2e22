using System.Buffers;
using System.Globalization;
using Microsoft.ML.Tokenizers;
using Socratic.Training.Data.Chat;
using Socratic.Training.Tokenization;
using Socratic.Training.Tokenization.Readers;

namespace Socratic.Training;

/// <summary>
/// The tokenizer of a Hugging Face folder, with its chat template. Text becomes tokens as in Hugging Face's libraries;
/// a text that people wrote is encoded with <see cref="EncodeContent"/>, from which no control token ever comes. Safe to share between threads.
/// </summary>
public sealed class TextTokenizer : Tokenizer
{
    private readonly TokenizerPipeline pipeline;
    private readonly TokenizerFiles files;
    private readonly ChatTemplate? template;

    internal TextTokenizer(TokenizerPipeline pipeline, TokenizerFiles files, TokenizerSettings settings, ChatTemplate? template)
    {
        this.pipeline = pipeline;
        this.files = files;
        this.template = template;
        BosId = IdFor("bos_token", settings) ?? (pipeline.Prefix.Count > 0 ? pipeline.Prefix[0] : null);
        EosId = IdFor("eos_token", settings);
        PadId = IdFor("pad_token", settings);
        UnknownId = IdFor("unk_token", settings) ?? pipeline.Model.UnknownId;
    }

    /// <summary>One more than the highest id. A model's embedding must have at least this many rows.</summary>
    public int VocabularySize => pipeline.Vocabulary.Count;

    /// <summary>The id that begins a text, if there is one.</summary>
    public int? BosId { get; }

    /// <summary>The id that ends a text, if there is one.</summary>
    public int? EosId { get; }

    /// <summary>The id of padding, if there is one.</summary>
    public int? PadId { get; }

    /// <summary>The id of what no other piece can write, if there is one.</summary>
    public int? UnknownId { get; }

    /// <summary>True if the folder says, or was told, how conversations are written.</summary>
    public bool HasChatTemplate => template is not null;

    /// <summary>How conversations are written.</summary>
    /// <exception cref="ChatTemplateException">The folder does not say it in a way known here; load it with a template's name.</exception>
    public ChatTemplate ChatTemplate => template ?? throw new ChatTemplateException(
        $"The tokenizer of '{files.Folder}' has no chat template that is known here; give one by name when loading: {string.Join(", ", ChatTemplate.Names)}.");

    internal TokenizerPipeline Pipeline => pipeline;

    /// <summary>Loads the tokenizer of a Hugging Face folder.</summary>
    /// <param name="folder">A folder with tokenizer.json, tokenizer.model, or vocab.json and merges.txt; and tokenizer_config.json.</param>
    /// <param name="chatTemplate">The name of a chat template (<see cref="ChatTemplate.Names"/>); null to choose it by the folder.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">The folder holds no tokenizer.</exception>
    /// <exception cref="InvalidDataException">A file is broken or needs something not supported; the message names file, place and reason.</exception>
    public static TextTokenizer Load(string folder, string? chatTemplate = null) => TokenizerLoader.Load(folder, chatTemplate);

    /// <summary>The id of a piece, such as <c>&lt;end_of_turn&gt;</c>.</summary>
    public bool TryGetId(string piece, out int id) => pipeline.Vocabulary.TryGetId(piece, out id);

    /// <summary>The piece of an id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id has none.</exception>
    public string PieceOf(int id) => pipeline.Vocabulary.TryGetPiece(id, out var piece) ? piece : throw new ArgumentOutOfRangeException(nameof(id), id, $"The tokenizer has no piece with this id; it has {VocabularySize}.");

    /// <summary>True for a piece that text from people never becomes.</summary>
    public bool IsControl(int id) => (uint)id < (uint)VocabularySize && pipeline.Vocabulary.IsControl(id);

    /// <summary>Encodes a text that people wrote: whatever it looks like, no control token comes out. Without bos.</summary>
    /// <exception cref="ArgumentException">The text holds half of a surrogate pair.</exception>
    public IReadOnlyList<int> EncodeContent(string text) => [.. pipeline.Encode(text, content: true).Select(t => t.Id)];

    /// <summary>Encodes a conversation up to the point where the model speaks.</summary>
    /// <param name="messages">The conversation so far.</param>
    /// <exception cref="ChatTemplateException">The conversation does not fit the template, or there is none.</exception>
    public IReadOnlyList<int> EncodePrompt(IReadOnlyList<ChatMessage> messages) => EncodeChat(messages, new ChatRendering(ForGeneration: true)).Ids;

    /// <summary>Encodes a conversation.</summary>
    internal EncodedChat EncodeChat(IReadOnlyList<ChatMessage> messages, ChatRendering options = default) => ChatEncoder.Encode(pipeline, ChatTemplate.Render(messages, options));

    /// <summary>The text of ids, special tokens included.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id has no piece.</exception>
    public override string Decode(IEnumerable<int> ids) => pipeline.Decode(ids, skipSpecial: false);

    /// <summary>The text of ids.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="skipSpecial">True to leave special tokens out.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id has no piece.</exception>
    public string Decode(IEnumerable<int> ids, bool skipSpecial) => pipeline.Decode(ids, skipSpecial);

    /// <inheritdoc/>
    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        var list = ids.ToList();
        var text = Decode(list);
        var fits = text.Length <= destination.Length;
        if (fits) text.CopyTo(destination);
        (idsConsumed, charsWritten) = fits ? (list.Count, text.Length) : (0, 0);
        return fits ? OperationStatus.Done : OperationStatus.DestinationTooSmall;
    }

    /// <summary>Writes the files that the tokenizer was loaded from, byte for byte, into an existing folder.</summary>
    public void SaveFiles(string directory)
    {
        foreach (var (name, content) in files.All) File.WriteAllBytes(Path.Combine(directory, name), content);
    }

    /// <summary>Encodes a text in which control tokens are recognized, without bos. Places are UTF-16 units of the text.</summary>
    /// <exception cref="ArgumentException">The text holds half of a surrogate pair.</exception>
    /// <exception cref="NotSupportedException">The settings leave out normalization or pre-tokenization, without which the model's pieces mean nothing.</exception>
    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        if (!settings.ConsiderNormalization || !settings.ConsiderPreTokenization) throw new NotSupportedException("This tokenizer does not encode without its normalization or pre-tokenization.");
        var source = text ?? textSpan.ToString();
        var tokens = pipeline.Encode(source, content: false);
        var kept = tokens.Take(settings.MaxTokenCount).ToList();
        return new EncodeResults<EncodedToken>
        {
            Tokens = kept.ConvertAll(t => new EncodedToken(t.Id, pipeline.TextOf(t.Id), new Range(t.Start, t.End))),
            CharsConsumed = kept.Count == tokens.Count ? source.Length : kept.Count == 0 ? 0 : kept[^1].End,
        };
    }

    private int? IdFor(string role, TokenizerSettings settings)
    {
        if (settings.PieceFor(role) is not { } piece) return null;
        return TryGetId(piece, out var id) ? id : throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"{files.PathOf(TokenizerFiles.Config)}: {role} is '{piece}', which is not in the vocabulary."));
    }
}
