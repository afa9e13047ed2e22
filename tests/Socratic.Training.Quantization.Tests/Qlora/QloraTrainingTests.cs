using Socratic.Training.Callbacks;
using Socratic.Training.Diagnostics;
using Socratic.Training.Layers;
using Socratic.Training.Lora;
using Socratic.Training.Quantization.Layers;
using Socratic.Training.Quantization.Tests.Loading;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Qlora;

/// <summary>Training adapters over 4-bit layers.</summary>
public sealed class QloraTrainingTests(ITestOutputHelper output)
{
    [Theory, InlineData(false), InlineData(true)]
    public void AThousandStepsHoldNoMoreMemoryThanTheFirstFifty(bool checkpointing)
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder.File("model"), layers: 4);
        using var model = CausalLanguageModel.Load(folder.File("model"), load => load.QuantizeTo4Bit());
        manual_seed(3);
        model.AddLora(new LoraOptions { Rank = 4, Alpha = 8, Dropout = 0.1, TargetModules = ["q_proj", "v_proj", "down_proj"] });
        var codes = Codes(model);
        var rows = new TokenRows([.. Enumerable.Range(0, 8).Select(r => new TokenRow([.. Enumerable.Range(0, 16).Select(i => (r * 7 + i * 5) % 96)]))]);
        var watch = new Watch();
        var options = new TrainingOptions
        {
            OutputDirectory = folder.File("out"), MaxSteps = Watch.Steps, TrainBatchSize = 2, LearningRate = 5e-3, SaveStrategy = SaveStrategy.No, LoggingSteps = 25, GradientCheckpointing = checkpointing,
        };
        using (var trainer = new LanguageModelTrainer(model, options, rows, callbacks: [watch])) trainer.Train();
        output.WriteLine($"tensors {watch.Tensors[Watch.Warm]} to {watch.Tensors[^1]}, resident {watch.Resident[Watch.Warm] / 1e6:N1} to {watch.Resident[^1] / 1e6:N1} MB, loss {watch.Losses[0]:F3} to {watch.Losses[^1]:F3}");
        Assert.Equal(Watch.Steps, watch.Tensors.Count);
        Assert.Equal(watch.Tensors[Watch.Warm], watch.Tensors[^1]);
        Assert.InRange(watch.Resident[^1] - watch.Resident[Watch.Warm], long.MinValue, 4_000_000);
        Assert.True(watch.Losses[^1] < watch.Losses[0] - 0.5, $"the loss went from {watch.Losses[0]} to {watch.Losses[^1]} only");
        Assert.Equal(codes, Codes(model));
    }

    [Fact]
    public void ARunsFolderHoldsTheAdapterAndTellsTheFourBits()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder.File("model"));
        var asked = new QuantizationOptions { Type = QuantizationType.FP4, BlockSize = 128, DoubleQuantization = false, ComputeDtype = QuantizedComputeDtype.Float32, SkipModules = ["down_proj"], NormsInFloat32 = true };
        using var model = CausalLanguageModel.Load(folder.File("model"), load => load.QuantizeTo4Bit(asked));
        Assert.All(model.LinearLayers, l => Assert.Equal(l.Path.EndsWith("down_proj", StringComparison.Ordinal) || l.IsOutputEmbedding, l.Layer is DenseLinear));
        model.AddLora(new LoraOptions { TargetModules = ["q_proj"] });
        var options = new TrainingOptions { OutputDirectory = folder.File("out"), MaxSteps = 2, SaveSteps = 1 };
        var rows = new TokenRows([new TokenRow([1, 2, 3, 4]), new TokenRow([5, 6, 7, 8])]);
        using (var trainer = new LanguageModelTrainer(model, options, rows)) trainer.Train();
        var written = TrainingConfiguration.Read(folder.File("out"));
        var read = QuantizationOptions.FromConfiguration(written.Section("bnb_config")!)!;
        Assert.Equal(asked, read with { SkipModules = asked.SkipModules });
        Assert.Equal(["down_proj"], read.SkipModules);
        Assert.True(File.Exists(folder.File("out", "adapter_model.safetensors")));
        Assert.False(File.Exists(folder.File("out", "model.safetensors")));
    }

    [Fact]
    public void AnotherOfTheReferencesSpellingsIsReadAndWrongValuesAreNamed()
    {
        static QuantizationOptions? Read(string json) => QuantizationOptions.FromConfiguration(System.Text.Json.Nodes.JsonNode.Parse(json)!.AsObject());
        Assert.Equal(QuantizedComputeDtype.BFloat16, Read("""{"load_in_4bit": true, "bnb_4bit_compute_dtype": "torch.bfloat16"}""")!.ComputeDtype);
        Assert.Equal(QuantizedComputeDtype.Auto, Read("{}")!.ComputeDtype);
        Assert.False(Read("{}")!.NormsInFloat32);
        Assert.Null(Read("""{"load_in_4bit": false}"""));
        foreach (var (json, key) in new[]
        {
            ("""{"bnb_4bit_quant_type": "int4"}""", "bnb_4bit_quant_type"), ("""{"bnb_4bit_compute_dtype": "int8"}""", "bnb_4bit_compute_dtype"), ("""{"blocksize": 33}""", "BlockSize"),
            ("""{"load_in_4bit": "yes"}""", "load_in_4bit"), ("""{"load_in_4bits": true}""", "load_in_4bits"), ("""{"llm_int8_skip_modules": [3]}""", "llm_int8_skip_modules"), ("""{"norms_in_float32": 1}""", "norms_in_float32"),
        })
            Assert.Contains(key, Assert.Throws<InvalidDataException>(() => Read(json)).Message, StringComparison.Ordinal);
    }

    private static byte[] Codes(CausalLanguageModel model)
        => [.. model.modules().OfType<QuantizedLinear>().SelectMany(l => l.Weight.Packed.bytes.ToArray())];

    private sealed class Watch : ICallback
    {
        public const int Steps = 1000;

        public const int Warm = 50;

        public List<long> Tensors { get; } = [];

        public List<long> Resident { get; } = [];

        public List<double> Losses { get; } = [];

        public void OnStepEnd(in StepEndEvent e)
        {
            // What is still to be collected, and code compiled on the way, is not the training's.
            if (Tensors.Count is Warm or Steps - 1)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            Tensors.Add(Tensor.TotalCount);
            Resident.Add(MemoryFigures.Read().HostBytes);
        }

        public void OnLog(in LogEvent e)
        {
            if (e.Entry is TrainingLogEntry entry) Losses.Add(entry.Loss);
        }
    }
}
