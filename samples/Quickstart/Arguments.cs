using System.CommandLine;
using Socratic.Samples;
using Socratic.Training.Quantization;

namespace Quickstart;

/// <summary>The command line; everything is optional.</summary>
internal sealed record Arguments(string Model, string Data, string Output, bool Fresh, int Steps, double? LearningRate, QuantizationType? Quantize)
{
    // As a person would type it: the files of the run name it so.
    internal static string TinyModel { get; } = Host.Short(Path.Combine(AppContext.BaseDirectory, "model", "socratic-tiny-ja"));

    /// <summary>The settings below suit the tiny model; a model of the user's learns more slowly.</summary>
    internal bool IsTinyModel => Path.GetFullPath(Model) == Path.GetFullPath(TinyModel);

    /// <summary>Parses the command line and runs; gives the exit code.</summary>
    internal static int Parse(string[] args, Func<Arguments, int> run, Func<string, string, int, int> show)
    {
        var model = new Option<string>("--model") { Description = "A Hugging Face folder of a causal language model.", DefaultValueFactory = _ => TinyModel };
        var data = new Option<string>("--data") { Description = "Dialogues: a JSON array, or one object a line.", DefaultValueFactory = _ => Host.Short(Path.Combine(AppContext.BaseDirectory, "quickstart-dialogues.json")) };
        var output = new Option<string>("--output") { Description = "Where the run leaves its files.", DefaultValueFactory = _ => Path.Combine("out", "quickstart") };
        var fresh = new Option<bool>("--fresh") { Description = "Begin anew in an output folder that holds a run." };
        var steps = new Option<int>("--steps") { Description = "Updates of the run.", DefaultValueFactory = _ => 120 };
        var rate = new Option<double?>("--learning-rate") { Description = "The highest learning rate. [default: 0.003 for the small model, 0.0002 for another]" };
        var quantize = new Option<string>("--quantize") { Description = "Loads the weights in 4 bits: nf4, fp4 or none.", DefaultValueFactory = _ => "none" };
        quantize.AcceptOnlyFromAmong("nf4", "fp4", "none");
        foreach (var path in new[] { model, data, output })
            path.Validators.Add(found =>
            {
                if (found.Tokens is [{ Value: "" }]) found.AddError($"{path.Name} is empty: it must name a {(path == data ? "file" : "folder")}.");
            });
        var root = new RootCommand("Teaches a small Japanese Gemma-2 model to answer by asking back, in about a minute on a CPU.") { model, data, output, fresh, steps, rate, quantize };
        var row = new Argument<int>("row") { Description = "The row, from 0.", DefaultValueFactory = _ => 0 };
        var inspect = new Command("inspect", "Shows a row of the data token by token: id, text, trained or cut.") { row, model, data };
        inspect.SetAction(parsed => show(parsed.GetValue(model)!, parsed.GetValue(data)!, parsed.GetValue(row)));
        root.Subcommands.Add(inspect);
        root.SetAction(parsed => run(new Arguments(
            parsed.GetValue(model)!, parsed.GetValue(data)!, parsed.GetValue(output)!, parsed.GetValue(fresh), parsed.GetValue(steps), parsed.GetValue(rate),
            Enum.TryParse<QuantizationType>(parsed.GetValue(quantize), ignoreCase: true, out var type) ? type : null)));
        var result = root.Parse(args);
        if (result.Action is System.CommandLine.Invocation.ParseErrorAction errors) errors.ShowHelp = false;
        return result.Invoke();
    }
}
