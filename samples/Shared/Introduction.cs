using Socratic.Training;
using Socratic.Training.Callbacks;
using Socratic.Training.Lora;

namespace Socratic.Samples;

/// <summary>Shown once a training really begins: what is trained, and on what.</summary>
internal sealed class Introduction(Screen screen, CausalLanguageModel model, string how, DialogueDataset all, DialogueDataset train, DialogueDataset heldOut) : ICallback
{
    public void OnTrainBegin(in TrainBeginEvent e)
    {
        var parameters = model.Lora().Trainable();
        screen.Model(parameters.TrainableCount, parameters.AllCount, how);
        screen.Data(all.Report, train.Count, heldOut.Count, train.Show(0));
    }
}

/// <summary>One line an evaluation: the loss on the dialogues that do not train. The style scores stand in StyleCallback's.</summary>
internal sealed class HeldOutLine(Screen screen) : ICallback
{
    public void OnEvaluate(in EvaluateEvent e) => screen.HeldOut(e.State.GlobalStep, e.Result["eval_loss_per_token"]);
}

/// <summary>The answers of the model as it was, asked for only when a training really begins.</summary>
internal sealed class AnswersBefore(Func<IReadOnlyList<string>> ask) : ICallback
{
    internal IReadOnlyList<string>? Answers { get; private set; }

    public void OnTrainBegin(in TrainBeginEvent e) => Answers = ask();
}
