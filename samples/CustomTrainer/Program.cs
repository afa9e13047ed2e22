// A trainer of one's own: what the step does, what an evaluation covers, and when the run is good enough.
using Socratic.Training;
using Socratic.Training.Callbacks;
using Socratic.Training.Data;
using Socratic.Training.Lora;
using static TorchSharp.torch;

var here = AppContext.BaseDirectory;
using var model = CausalLanguageModel.Load(Path.Combine(here, "model", "socratic-tiny-ja"));
model.AddLora(new LoraOptions { Rank = 16, Alpha = 32, Dropout = 0.1, TargetModules = ["q_proj", "k_proj", "v_proj", "o_proj"] });
var (train, evaluation) = DialogueDataset.Read(Path.Combine(here, "dialogues.json"), model.Tokenizer).Split(0.8, seed: 42);

// The arguments of TrainingOptions.Socratic, but a short run at a rate that suits so small a model; memory and evaluation rows are the trainer's own business below.
var options = TrainingOptions.Socratic(args is [var output, ..] ? output : Path.Combine("out", "custom-trainer")) with
{
    Epochs = 4, LearningRate = 3e-3, ReleaseMemoryEvery = 0, MaxEvaluationRows = null,
};
using var trainer = new PatientTrainer(model, options, train, evaluation, [new StyleCallback(), new TrainingMonitorCallback(), new StopWhenGood()]);
Console.WriteLine($"Training for about a minute; {Path.Combine(options.OutputDirectory, "training_log.txt")} tells how it goes.");
var result = trainer.Train();
Console.WriteLine($"{result.Outcome} after {result.State.GlobalStep} updates; {string.Join(", ", result.Evaluation?.Values.Select(v => $"{v.Key} {v.Value:F3}") ?? [])}");
return result.ExitCode;

internal sealed class PatientTrainer(
    CausalLanguageModel model, TrainingOptions options, IDataset<TokenBatch> train, IDataset<TokenBatch> evaluation, IReadOnlyList<ICallback> callbacks)
    : LanguageModelTrainer(model, options, train, evaluation, callbacks: callbacks)
{
    protected override Tensor TrainingStep(TokenBatch batch, StepContext step)
    {
        var loss = base.TrainingStep(batch, step);
        if (step.IsLastOfWindow && (State.GlobalStep + 1) % 50 == 0) ReleaseMemory();
        return loss;
    }

    public override EvaluationResult Evaluate(IDataset<TokenBatch>? data = null, string prefix = "eval") => base.Evaluate((data ?? EvaluationData).Take(100), prefix);
}

internal sealed class StopWhenGood : ICallback
{
    public void OnEvaluate(in EvaluateEvent e)
    {
        if (e.Result["eval_combined_score"] > 0.9) e.Control.ShouldTrainingStop = true;
    }
}
