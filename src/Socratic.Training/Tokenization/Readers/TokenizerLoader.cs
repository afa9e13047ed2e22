using Socratic.Training.Data.Chat;

namespace Socratic.Training.Tokenization.Readers;

/// <summary>Chooses how a folder's tokenizer is read.</summary>
internal static class TokenizerLoader
{
    /// <summary>Loads the tokenizer of a folder; its chat template is the named one, or chosen by the folder.</summary>
    public static TextTokenizer Load(string folder, string? chatTemplate = null) => Load(TokenizerFiles.Read(folder), chatTemplate is null ? null : ChatTemplate.Named(chatTemplate));

    /// <summary>Loads the tokenizer of a folder's files, with a template if one is given.</summary>
    public static TextTokenizer Load(TokenizerFiles files, ChatTemplate? template)
    {
        var settings = TokenizerSettings.Read(files);
        // A tokenizer.model alone does not say that the marks of turns are control tokens.
        if (template is not null) settings.SpecialPieces.UnionWith(template.ControlPieces);
        var pipeline = ReadPipeline(files, settings);
        return new TextTokenizer(pipeline, files, settings, template ?? ChooseTemplate(settings, pipeline.Vocabulary));
    }

    private static TokenizerPipeline ReadPipeline(TokenizerFiles files, TokenizerSettings settings)
    {
        // Where there are several forms, tokenizer.json is the one that the reference follows.
        if (files.TryGet(TokenizerFiles.Json, out var json)) return TokenizerJsonReader.Read(json, files.PathOf(TokenizerFiles.Json), settings);
        if (files.TryGet(TokenizerFiles.SentencePiece, out var model)) return SentencePieceReader.Read(model, files.PathOf(TokenizerFiles.SentencePiece), settings);
        if (files.TryGet(TokenizerFiles.Vocabulary, out _) && files.TryGet(TokenizerFiles.Merges, out _)) return VocabularyAndMergesReader.Read(files, settings);
        throw new FileNotFoundException($"The folder '{files.Folder}' holds no tokenizer: neither {TokenizerFiles.Json}, nor {TokenizerFiles.SentencePiece}, nor {TokenizerFiles.Vocabulary} with {TokenizerFiles.Merges}.");
    }

    private static ChatTemplate? ChooseTemplate(TokenizerSettings settings, Vocabulary vocabulary)
        => settings.ChatTemplate is { } text ? ChatTemplates.Recognize(text, piece => vocabulary.TryGetId(piece, out var id) && vocabulary.IsControl(id)) : null;
}
