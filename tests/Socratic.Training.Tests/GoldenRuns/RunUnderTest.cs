using Socratic.Training.Lora;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.GoldenRuns;

/// <summary>A golden run made with our trainer: module, data and options from its files.</summary>
internal sealed class RunUnderTest : IDisposable
{
    private readonly nn.Module module;
    private readonly Func<TrainingOptions, RecordedRun, (IDisposable Trainer, Func<string?, TrainingResult> Train)> create;

    internal RunUnderTest(RunFiles files)
    {
        Files = files;
        if (files.IsToy)
        {
            var toy = ToyModule.Load(files.Initial);
            module = toy;
            create = (options, record) =>
            {
                var trainer = new ToyTrainer(toy, options, ToyData.Read(files.Data.GetProperty("train")), ToyData.Read(files.Data.GetProperty("eval")), files.HasMetrics ? new ToyMetrics() : null, record, files.Callbacks());
                record.NextRate = () => trainer.NextLearningRate;
                return (trainer, checkpoint => trainer.Train(checkpoint));
            };
            return;
        }
        var model = CausalLanguageModel.Load(files.Initial, load => load.Dtype = files.IsPureBFloat16 ? ModelDtype.BFloat16 : ModelDtype.Float32);
        module = model;
        if (files.HasLora) LoadAdapter(model);
        create = (options, record) =>
        {
            var trainer = new RecordingLanguageTrainer(
                model, options, LanguageRows.Read(files.Data.GetProperty("train"))!, LanguageRows.Read(files.Data.GetProperty("eval")), files.HasMetrics ? new StandInMetrics() : null, record, files.Callbacks());
            record.NextRate = () => trainer.NextLearningRate;
            return (trainer, checkpoint => trainer.Train(checkpoint));
        };
    }

    internal RunFiles Files { get; }

    internal TrainingResult Train(TrainingOptions options, RecordedRun record, string? checkpoint = null)
    {
        var (trainer, train) = create(options, record);
        using (trainer) return train(checkpoint);
    }

    /// <summary>The trainable parameters under the names of the golden weights.</summary>
    internal Dictionary<string, float[]> Weights()
    {
        using var scope = NewDisposeScope();
        return module.named_parameters().Where(p => p.parameter.requires_grad)
            .ToDictionary(p => FileKey(p.name), p => p.parameter.detach().to(float32).reshape(-1).data<float>().ToArray(), StringComparer.Ordinal);
    }

    public void Dispose() => module.Dispose();

    private string FileKey(string name) => Files.HasLora ? "base_model.model." + name.Replace(".default", "", StringComparison.Ordinal) : name;

    private void LoadAdapter(CausalLanguageModel model)
    {
        // The stored adapter gives the starting values; the dropout is the run's.
        model.LoadAdapter(Path.Combine(Files.Initial, "adapter"), trainable: true);
        // The reference drew its dropout for the padding too; without kernels, padding is computed.
        model.UsesKernels = Files.Arguments.GetProperty("lora").GetProperty("lora_dropout").GetDouble() == 0;
    }
}
