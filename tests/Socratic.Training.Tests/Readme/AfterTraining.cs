// Shown by README.md, README.ja.md and the page of Socratic.Training.Lora: change both together.
using Socratic.Training;
using Socratic.Training.Lora;

namespace Readme.After;

internal static class AfterTraining
{
    internal static void Run()
    {
        using var model = CausalLanguageModel.Load("gemma-2-2b-jpn-it");
        model.LoadAdapter("out");
        Console.WriteLine(model.Answer([ChatMessage.User("友情とは何ですか。")]));

        model.Lora().SaveMerged("out/merged");
    }

    internal static void AddAnAdapter(CausalLanguageModel model)
    {
        model.AddLora(new LoraOptions { Rank = 16, Alpha = 32, Dropout = 0.1, TargetModules = ["q_proj", "k_proj", "v_proj", "o_proj"] });
    }
}
