using System.Text;
using Socratic.Samples;
using Socratic.Training;

namespace FineTune;

/// <summary>Talks with the model. A person at a terminal holds one conversation; lines from a pipe or a file are questions of their own.</summary>
internal static class Chat
{
    private static readonly GenerationOptions Options = new() { MaxNewTokens = 512 };

    internal static void Talk(CausalLanguageModel model, Screen screen)
    {
        var isPerson = !Console.IsInputRedirected;
        screen.Say(isPerson ? "Ask something; an empty line ends." : "");
        var talk = new List<ChatMessage>();
        while (true)
        {
            if (isPerson) Console.Write("> ");
            var question = Console.ReadLine()?.Trim();
            if (string.IsNullOrEmpty(question)) return;
            if (!isPerson)
            {
                Console.WriteLine($"> {question}");
                talk.Clear();
            }
            talk.Add(ChatMessage.User(question));
            var answer = new StringBuilder();
            foreach (var piece in model.StreamAnswer(talk, Options))
            {
                answer.Append(piece);
                // What a model says is untrusted: no control codes to the terminal.
                Console.Write(string.Concat(piece.Where(c => c == '\n' || !char.IsControl(c))));
            }
            Console.WriteLine();
            talk.Add(ChatMessage.Assistant(answer.ToString()));
        }
    }
}
