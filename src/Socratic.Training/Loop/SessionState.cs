using System.Text.Json;
using System.Text.Json.Nodes;

namespace Socratic.Training.Loop;

/// <summary>What a checkpoint keeps of ours beside weights, optimizer and HF's trainer_state.json: the file <c>socratic_state.json</c>.</summary>
internal sealed record SessionState
{
    internal const string FileName = Checkpointing.CheckpointFiles.OwnState;

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    /// <summary>The form of the file.</summary>
    public int Format { get; init; } = 1;

    public required LoopPosition Position { get; init; }

    public required int GlobalStep { get; init; }

    public required int MaxSteps { get; init; }

    public required int UpdatesPerEpoch { get; init; }

    public required int MicroBatchesPerEpoch { get; init; }

    public int SkippedUpdates { get; init; }

    public long TokensSeen { get; init; }

    public double TotalFlops { get; init; }

    /// <summary>What the data are, so that a resume with other rows is noticed.</summary>
    public string? DataFingerprint { get; init; }

    /// <summary>The memories of callbacks, by type name and place among those of the type.</summary>
    public Dictionary<string, JsonObject> Callbacks { get; init; } = [];

    /// <summary>The memory of a schedule that follows a metric.</summary>
    public Dictionary<string, double>? Schedule { get; init; }

    internal string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <exception cref="InvalidDataException">The text is not such a file.</exception>
    internal static SessionState Parse(string text, string path)
    {
        try
        {
            var state = JsonSerializer.Deserialize<SessionState>(text, Json) ?? throw new JsonException("it is null");
            return state.Format == 1 ? state : throw new InvalidDataException($"{path} has format {state.Format}; this version reads format 1.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} cannot be read: {e.Message}", e);
        }
    }
}
