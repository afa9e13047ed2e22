using System.Diagnostics;
using Socratic.Testing.Golden;
using Socratic.Training.Quantization.Tests.Codec;
using Socratic.Training.Quantization.Tests.Loading;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.RoundTrip;

/// <summary>Folders written here, in bitsandbytes and transformers, and theirs here: equal to the bit.</summary>
public sealed class BitsAndBytesRoundTripTests(ITestOutputHelper output)
{
    private static readonly string Peers = Environment.GetEnvironmentVariable("SOCRATIC_PEERS") is { Length: > 0 } given
        ? given : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "socratic-peers");

    // One process for all folders: importing takes longer than any of them. Each line: a folder, where the answers go.
    private const string Program = """
        import os, shutil, sys, torch, bitsandbytes as bnb
        from safetensors.torch import load_file, save_file
        from transformers import AutoModelForCausalLM
        for line in sys.stdin:
            folder, out = line.rstrip("\n").split("\t")
            stored = load_file(os.path.join(folder, "model.safetensors"))
            answers, again = {}, {k: v for k, v in stored.items() if ".weight." not in k}
            for path in [k.split(".weight.")[0] for k in stored if ".quant_state." in k]:
                stats = {k: v for k, v in stored.items() if k.startswith(path + ".weight.")}
                weight = bnb.nn.Params4bit.from_prequantized(data=stored[path + ".weight"], quantized_stats=stats, device="cpu")
                answers[path + ".weight"] = bnb.functional.dequantize_4bit(weight.data, weight.quant_state).contiguous()
                again[path + ".weight"] = weight.data
                again.update({path + ".weight." + k: v for k, v in weight.quant_state.as_dict(packed=True).items()})
            model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto").train()  # outside training its layers multiply in bfloat16 on some processors
            for name, m in model.named_modules():
                if isinstance(m, bnb.nn.Linear4bit):
                    answers[name + ".codes"] = m.weight.data.contiguous()
            answers["logits"] = model(torch.tensor([[3, 14, 15, 92, 65, 35]])).logits.detach().float().contiguous()
            os.makedirs(os.path.join(out, "again"))
            save_file(answers, os.path.join(out, "answers.safetensors"))
            # transformers 5.23 cannot save what it loaded in 4 bits, so what bitsandbytes makes of its states is written here.
            save_file({k: v.contiguous() for k, v in again.items()}, os.path.join(out, "again", "model.safetensors"), metadata={"format": "pt"})
            shutil.copy(os.path.join(folder, "config.json"), os.path.join(out, "again"))
            print("DONE", len(answers), flush=True)
        """;

    [Fact]
    public void AFolderWrittenHereIsTheSameThereAndTheirsIsTheSameHere()
    {
        Assert.SkipUnless(Directory.Exists(Path.Combine(Peers, "bitsandbytes")), "bitsandbytes is not here (SOCRATIC_PEERS)");
        using var folder = new TemporaryFolder();
        var cases = new (string Name, ScalarType Dtype, QuantizationOptions Options)[]
        {
            ("nested", ScalarType.BFloat16, new()),
            ("plain", ScalarType.Float32, new() { DoubleQuantization = false, BlockSize = 128 }),
            ("fp4", ScalarType.Float32, new() { Type = QuantizationType.FP4, SkipModules = ["o_proj"] }),
        };
        foreach (var (name, dtype, options) in cases)
        {
            TinyModel.Write(folder.File(name, "dense"), dtype, hidden: 128);
            using var model = Load(folder.File(name, "dense"), dtype, options);
            CheckpointGoldenTests.Save(model, folder.File(name, "ours"));
        }
        var said = Run(string.Concat(cases.Select(c => $"{folder.File(c.Name, "ours")}\t{folder.File(c.Name, "theirs")}\n")));
        output.WriteLine(said);
        Assert.Equal(cases.Length, said.Split('\n').Count(l => l.StartsWith("DONE", StringComparison.Ordinal)));
        foreach (var (name, dtype, options) in cases) Compare(folder, name, dtype, options);
    }

    private static void Compare(TemporaryFolder folder, string name, ScalarType dtype, QuantizationOptions options)
    {
        using var scope = NewDisposeScope();
        var theirs = new GoldenTensors(folder.File(name, "theirs", "answers.safetensors"));
        using var model = Load(folder.File(name, "ours"), dtype, null);
        using var again = Load(folder.File(name, "theirs", "again"), dtype, null);
        var (mine, back) = (CheckpointGoldenTests.Quantized(model), CheckpointGoldenTests.Quantized(again));
        Assert.Equal(theirs.Names.Where(n => n.EndsWith(".codes", StringComparison.Ordinal)).Order(StringComparer.Ordinal), mine.Keys.Select(k => k + ".codes").Order(StringComparer.Ordinal));
        Assert.Equal(options.SkipModules.Count == 0 ? 14 : 12, mine.Count);
        foreach (var (path, layer) in mine)
        {
            GoldenData.Equal(theirs, path + ".codes", layer.Weight.Packed);
            // Equal as numbers: FP4's code 8 is -0 here and in the CUDA kernels, +0 in bitsandbytes' code for the processor.
            Close.Largest(layer.DenseWeight(dtype).to(ScalarType.Float32).data<float>().ToArray(), theirs.Floats(path + ".weight"), 0, path + ".weight");
            Assert.Equal(File.ReadAllBytes(folder.File(name, "ours", "model.safetensors")), File.ReadAllBytes(folder.File(name, "theirs", "again", "model.safetensors")));
            foreach (var ((key, before), (other, after)) in layer.StoredTensors().Zip(back[path].StoredTensors()))
            {
                Assert.Equal(key, other);
                GoldenData.Equal(before, after, $"{path}.{key}");
            }
        }
        using var none = no_grad();
        var logits = model.Forward(tensor(new long[] { 3, 14, 15, 92, 65, 35 }, [1, 6])).to(ScalarType.Float32);
        Close.OfLargest(logits.contiguous().data<float>().ToArray(), theirs.Floats("logits"), dtype == ScalarType.BFloat16 ? 3e-2 : 1e-5, $"{name}: logits");
    }

    private static CausalLanguageModel Load(string folder, ScalarType dtype, QuantizationOptions? options)
    {
        var model = CausalLanguageModel.Load(folder, load =>
        {
            load.Dtype = dtype == ScalarType.BFloat16 ? ModelDtype.BFloat16 : ModelDtype.Float32;
            load.QuantizeTo4Bit(options);
        });
        model.eval();
        return model;
    }

    private static string Run(string input)
    {
        var start = new ProcessStartInfo("python3", ["-c", Program]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in new[] { ("PYTHONPATH", Peers), ("HF_HUB_OFFLINE", "1"), ("PYTHONWARNINGS", "ignore"), ("PYTHONDONTWRITEBYTECODE", "1") }) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? said : $"{said}\n{errors.Result}";
    }
}
