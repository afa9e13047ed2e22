using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Socratic.Training;
using static TorchSharp.torch;

namespace Socratic.Benchmarks.Verbs;

/// <summary>Loading a checkpoint: the process's peak resident memory above what it had before, beside the model's size, and the time beside <c>cat</c> of the same files.</summary>
internal static class Load
{
    public static Command Command()
    {
        var model = new Option<string>("--model") { Description = "A Hugging Face folder.", Required = true };
        var dtype = new Option<string>("--dtype") { DefaultValueFactory = _ => "bfloat16" };
        dtype.AcceptOnlyFromAmong("float32", "bfloat16");
        var command = new Command("load", "Memory and time of loading a checkpoint.") { model, dtype };
        command.SetAction(p => Run(p.GetValue(model)!, p.GetValue(dtype)!));
        return command;
    }

    private static void Run(string folder, string dtype)
    {
        var files = Directory.GetFiles(folder, "*.safetensors");
        var cat = Cat(files);
        using (zeros(1)) { }
        var before = Report.PeakMemory();
        var begun = Stopwatch.GetTimestamp();
        using var model = CausalLanguageModel.Load(folder, load => load.Dtype = dtype == "bfloat16" ? ModelDtype.BFloat16 : ModelDtype.Float32);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var size = model.parameters().DistinctBy(p => p.Handle).Sum(p => p.numel() * p.element_size()) / 1048576.0;
        Report.Write(new JsonObject
        {
            ["peak_ratio"] = (Report.PeakMemory() - before) / size, ["model_mib"] = size, ["peak_mib"] = Report.PeakMemory(), ["before_mib"] = before,
            ["load_seconds"] = seconds, ["cat_seconds"] = Math.Min(cat, Cat(files)), ["files"] = files.Length, ["dtype"] = dtype,
        });
    }

    private static double Cat(string[] files)
    {
        var begun = Stopwatch.GetTimestamp();
        using var cat = Process.Start(new ProcessStartInfo("cat", files) { RedirectStandardOutput = true })!;
        cat.StandardOutput.BaseStream.CopyTo(Stream.Null, 1 << 20);
        cat.WaitForExit();
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }
}
