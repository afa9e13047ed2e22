using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Socratic.Training.Checkpointing;
using Socratic.Training.Runs;

namespace Socratic.Training.Pure.Tests.Runs;

/// <summary>An output folder in some state, and the policy's verdict on it.</summary>
internal sealed class RunFolderFixture
{
    public string Output { get; } = Path.Combine(Directory.CreateTempSubdirectory().FullName, "out");

    public RecordingLoggers Log { get; } = new();

    public List<string> Questions { get; } = [];

    public IReadOnlyList<string> ModelKeys { get; set; } = [];

    public TrainingOptions Options { get; set; }

    public int MaxSteps { get; set; } = 40;

    public RunFolderFixture() => Options = new TrainingOptions { OutputDirectory = Output, Epochs = 4 };

    /// <summary>A checkpoint of our own, which verifies.</summary>
    public RunFolderFixture Checkpoint(int step, double epoch, string? state = null)
    {
        new CheckpointManager(Output).Save(step, writer => writer.WriteText(TrainerStateFile.FileName, state ?? State(step, epoch)));
        return this;
    }

    /// <summary>A checkpoint as transformers writes it: without a manifest.</summary>
    public RunFolderFixture TheirCheckpoint(int step, double epoch) => File($"checkpoint-{step}/{TrainerStateFile.FileName}", State(step, epoch));

    public RunFolderFixture File(string name, string content = "x")
    {
        var path = Path.Combine(Output, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllText(path, content);
        return this;
    }

    public RunFolderFixture Record(int step, int maxSteps)
    {
        Directory.CreateDirectory(Output);
        new RunRecord { GlobalStep = step, MaxSteps = maxSteps, Epoch = step / 10.0, Completed = DateTimeOffset.UnixEpoch }.Write(Output);
        return this;
    }

    /// <summary>What the policy decides. The folder must be as before. <paramref name="answer"/> null: nobody is there.</summary>
    public RunStart Decide(string? answer = null)
    {
        var before = Hash();
        var confirmation = new HostConfirmation(inputRedirected: answer is null, question =>
        {
            Questions.Add(question);
            return answer;
        }, _ => null);
        var start = RunPolicy.Decide(new RunContext(Options, MaxSteps, 4, new CheckpointManager(Output), confirmation, Log, Configuration()) { ModelKeys = ModelKeys });
        Assert.Equal(before, Hash());
        return start;
    }

    public JsonObject Configuration() => TrainingConfiguration.Describe(Options, "gemma", null, []);

    public string PathOf(string name) => Path.Combine(Output, name);

    private static string State(int step, double epoch) => new TrainerStateFile { GlobalStep = step, Epoch = epoch, MaxSteps = 40 }.Write();

    private string Hash()
    {
        if (!Directory.Exists(Output)) return "";
        var text = new StringBuilder();
        foreach (var path in Directory.EnumerateFileSystemEntries(Output, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            text.Append(path).Append(System.IO.File.Exists(path) ? Convert.ToHexString(SHA256.HashData(System.IO.File.ReadAllBytes(path))) : "");
        return text.ToString();
    }
}
