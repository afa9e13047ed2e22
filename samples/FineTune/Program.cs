// Fine-tunes a Hugging Face checkpoint on dialogues. Read FineTuneRun next: it is the run itself, top down.
using FineTune;
using Socratic.Samples;

return Arguments.Parse(
    args,
    static arguments => Host.Guarded(screen =>
    {
        var settings = Settings.Read(arguments);
        return new FineTuneRun(settings, screen).Run(arguments.Chat);
    }),
    static (arguments, row) => Host.Guarded(_ =>
    {
        var settings = Settings.Read(arguments);
        return Inspection.Show(settings.Model, settings.Host.Data!, row, settings.Dialogues);
    }));
