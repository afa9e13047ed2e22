// Shown by README.md and README.ja.md: change both together.
using Socratic.Training;
using Socratic.Training.Callbacks;
using Socratic.Training.Data;
using Socratic.Training.Lora;
using static TorchSharp.torch;

namespace Readme.Main;

internal static class MainProgram
{
    internal static int Run()
    {
        using var model = CausalLanguageModel.Load("gemma-2-2b-jpn-it");
        model.AddLora(new LoraOptions { Rank = 16, Alpha = 32, Dropout = 0.1, TargetModules = ["q_proj", "k_proj", "v_proj", "o_proj"] });
        var (train, evaluation) = DialogueDataset.Read("dialogues.json", model.Tokenizer).Split(0.8, seed: 42);
        var options = TrainingOptions.Socratic("out") with { ReleaseMemoryEvery = 0, MaxEvaluationRows = null };   // done by hand below
        using var trainer = new PatientTrainer(model, options, train, evaluation, [new StyleCallback(), new TrainingMonitorCallback(), new StopWhenGood()]);
        return trainer.Train().ExitCode;
    }

    internal static CausalLanguageModel OnAGpu(string folder) => CausalLanguageModel.Load(folder, load => load.Device = CUDA);
}

internal sealed class PatientTrainer(CausalLanguageModel model, TrainingOptions options, IDataset<TokenBatch> train, IDataset<TokenBatch> evaluation, IReadOnlyList<ICallback> callbacks)
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
