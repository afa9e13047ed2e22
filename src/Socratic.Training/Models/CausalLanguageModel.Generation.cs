using Socratic.Training.Data;
using Socratic.Training.Layers;
using Socratic.Training.Models.Generation;
using static TorchSharp.torch;

namespace Socratic.Training;

public sealed partial class CausalLanguageModel
{
    /// <summary>Continues prompts.</summary>
    /// <param name="prompts">Token ids, each at least one; shorter ones are padded on the left where that is needed, which changes no answer.</param>
    /// <param name="options">How tokens are chosen; null for the likeliest, at most 256.</param>
    /// <returns>The new ids of each prompt, the stop id included.</returns>
    /// <exception cref="ArgumentException">A prompt is empty or holds an id beyond the vocabulary, or the options are out of range.</exception>
    public IReadOnlyList<IReadOnlyList<int>> GenerateBatch(IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        options ??= new GenerationOptions();
        var answers = new IReadOnlyList<int>[prompts.Count];
        // Prompts of like length go together: less padding. Each answer returns to its prompt's place.
        var order = Enumerable.Range(0, prompts.Count).OrderBy(i => prompts[i].Count).ToArray();
        foreach (var chunk in order.Chunk(options.BatchSize > 0 ? options.BatchSize : 1))
        {
            using var evaluating = new EvaluationMode(this);
            using var session = StartGeneration([.. chunk.Select(i => prompts[i])], options);
            while (session.Step())
            {
            }
            for (var i = 0; i < chunk.Length; i++) answers[chunk[i]] = session.Answers[i];
        }
        return answers;
    }

    /// <summary>Continues one prompt.</summary>
    /// <returns>The new ids, the stop id included.</returns>
    /// <inheritdoc cref="GenerateBatch"/>
    public IReadOnlyList<int> Generate(IReadOnlyList<int> prompt, GenerationOptions? options = null) => GenerateBatch([prompt], options)[0];

    /// <summary>What the model answers in conversations, by the tokenizer's chat template.</summary>
    /// <exception cref="ChatTemplateException">A conversation does not fit the template, or there is none.</exception>
    /// <exception cref="InvalidOperationException">The model has no tokenizer.</exception>
    public IReadOnlyList<string> AnswerBatch(IReadOnlyList<IReadOnlyList<ChatMessage>> conversations, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(conversations);
        return [.. GenerateBatch([.. conversations.Select(Tokenizer.EncodePrompt)], options).Select(ids => Tokenizer.Decode(ids, skipSpecial: true).Trim())];
    }

    /// <summary>What the model answers in a conversation, by the tokenizer's chat template.</summary>
    /// <inheritdoc cref="AnswerBatch"/>
    public string Answer(IReadOnlyList<ChatMessage> messages, GenerationOptions? options = null) => AnswerBatch([messages], options)[0];

    /// <summary>What the model answers in a conversation, piece by piece as it is found. A piece is whole characters; together they are the answer.</summary>
    /// <remarks>The pieces have to be taken on one thread, and nothing else done with the model meanwhile.</remarks>
    /// <inheritdoc cref="AnswerBatch"/>
    public IEnumerable<string> StreamAnswer(IReadOnlyList<ChatMessage> messages, GenerationOptions? options = null)
    {
        using var evaluating = new EvaluationMode(this);
        using var session = StartGeneration([Tokenizer.EncodePrompt(messages)], options ?? new GenerationOptions());
        var given = 0;
        while (session.Step())
        {
            var text = Tokenizer.Decode(session.Answers[0], skipSpecial: true);
            // A character whose bytes are not all there yet decodes to the replacement character.
            if (text.Length <= given || text[^1] == '\uFFFD') continue;
            yield return text[given..];
            given = text.Length;
        }
        var whole = Tokenizer.Decode(session.Answers[0], skipSpecial: true);
        if (whole.Length > given) yield return whole[given..];
    }

    internal GenerationSession StartGeneration(
        IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions options, Action<int, IReadOnlyList<int>, Tensor>? observe = null)
    {
        options.Validate();
        for (var i = 0; i < prompts.Count; i++)
        {
            if (prompts[i].Count == 0) throw new ArgumentException($"Prompt {i} is empty; it needs one token at least.", nameof(prompts));
            foreach (var id in prompts[i])
                if (id < 0 || id >= Config.VocabularySize)
                    throw new ArgumentException($"Prompt {i} holds the id {id}; the vocabulary has {Config.VocabularySize}.", nameof(prompts));
        }
        return new GenerationSession(new Network(this), prompts, options, options.StopIds ?? Config.StopIds) { Observe = observe };
    }

    private sealed class Network(CausalLanguageModel model) : IGenerationNetwork
    {
        public int LayerCount => model.decoder.LayerCount;

        public long VocabularySize => model.Config.VocabularySize;

        public long PaddingId => model.Config.PaddingId;

        public Device Device => model.Device;

        public Tensor NextLogits(Tensor ids, AttentionLayout layout, int firstQuery, IReadOnlyList<LayerCache> caches)
        {
            using var plan = new AttentionPlan(layout, model.Device, model.decoder.Stream, firstQuery);
            var hidden = model.decoder.Forward(model.decoder.Embedding.call(ids), plan, caches);
            return model.Logits(model.decoder.Normed(hidden.select(1, hidden.shape[1] - 1)));
        }
    }

    /// <summary>No dropout while generating; afterwards the mode is as it was.</summary>
    private sealed class EvaluationMode : IDisposable
    {
        private readonly CausalLanguageModel model;
        private readonly bool wasTraining;

        public EvaluationMode(CausalLanguageModel model)
        {
            this.model = model;
            wasTraining = model.training;
            if (wasTraining) model.eval();
        }

        public void Dispose()
        {
            if (wasTraining) model.train();
        }
    }
}
