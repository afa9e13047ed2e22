using System.CommandLine;
using BenchmarkDotNet.Running;
using Socratic.Benchmarks.Verbs;

// Each verb ends with one line of JSON; `classes` runs the BenchmarkDotNet classes with its own switches.
var classes = new Command("classes", "The BenchmarkDotNet classes; its own switches follow, such as --filter *AdamW*.") { TreatUnmatchedTokensAsErrors = false };
classes.SetAction(parsed =>
{
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(parsed.UnmatchedTokens.ToArray());
    return 0;
});
return new RootCommand("Benchmarks of Socratic.Training, beside the reference implementations where those are at hand.")
{
    TrainerOverhead.Command(), TrainStep.Command(), LoraCost.Command(), Nf4.Command(), Generate.Command(), Load.Command(), FirstStep.Command(), classes,
}.Parse(args).Invoke();
