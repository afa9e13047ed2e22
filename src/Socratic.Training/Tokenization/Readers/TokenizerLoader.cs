using Socratic.Training.Data.Chat;

namespace Socratic.Training.Tokenization.Readers;

/// <summary>Chooses how a folder's tokenizer is read.</summary>
internal static class TokenizerLoader
{
    /// <summary>Loads the tokenizer of a folder.</summary>
    public static TextTokenizer Load(string folder, string? chatTemplate = null)
    {
        var files = TokenizerFiles.Read(folder);
        var settings = TokenizerSettings.Read(files);
        var pipeline = ReadPipeline(files, settings);
        return new TextTokenizer(pipeline, files, settings, ChooseTemplate(chatTemplate, settings, pipeline.Vocabulary));
    }

    private static TokenizerPipeline ReadPipeline(TokenizerFiles files, TokenizerSettings settings)
    {
        // Where there are several forms, tokenizer.json is the one that the reference follows.
        if (files.TryGet(TokenizerFiles.Json, out var json)) return TokenizerJsonReader.Read(json, files.PathOf(TokenizerFiles.Json), settings);
        if (files.TryGet(TokenizerFiles.SentencePiece, out var model)) return SentencePieceReader.Read(model, files.PathOf(TokenizerFiles.SentencePiece), settings);
        if (files.TryGet(TokenizerFiles.Vocabulary, out _) && files.TryGet(TokenizerFiles.Merges, out _)) return VocabularyAndMergesReader.Read(files, settings);
        throw new FileNotFoundException($"The folder '{files.Folder}' holds no tokenizer: neither {TokenizerFiles.Json}, nor {TokenizerFiles.SentencePiece}, nor {TokenizerFiles.Vocabulary} with {TokenizerFiles.Merges}.");
    }

    private static ChatTemplate? ChooseTemplate(string? name, TokenizerSettings settings, Vocabulary vocabulary)
    {
        if (name is not null) return ChatTemplate.Named(name);
        return settings.ChatTemplate is { } text ? ChatTemplates.Recognize(text, piece => vocabulary.TryGetId(piece, out var id) && vocabulary.IsControl(id)) : null;
    }
}
