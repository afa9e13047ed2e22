using Outside;
using Socratic.Training;
using static TorchSharp.torch;

// Torch first, the library later: the package's build step alone must make it load.
using var line = nn.Linear(1, 1);
var output = Directory.CreateTempSubdirectory("outside-").FullName;
var options = new TrainingOptions
{
    OutputDirectory = output, MaxSteps = 20, TrainBatchSize = 2, LearningRate = 0.05, EvaluationStrategy = IntervalStrategy.Steps, EvaluationSteps = 5, SaveSteps = 10,
};
var counter = new Counter();
using var trainer = new LineTrainer(line, options, new Points(16), new Points(5), [counter]);
var result = trainer.Train();
Console.WriteLine($"{trainer.Steps} updates, {counter.Evaluations} evaluations, {result.Outcome}");
Console.WriteLine(FourBits.Try(Path.Combine(output, "model")));
Directory.Delete(output, recursive: true);
return result.ExitCode;
