using System.Text.Json.Nodes;

namespace Socratic.Training;

/// <summary>A callback with a memory that checkpoints keep, so that a resumed run behaves as one that was never stopped.</summary>
public interface IStatefulCallback : ICallback
{
    /// <summary>What it remembers.</summary>
    JsonObject SaveState();

    /// <summary>Puts a memory back, before the training begins.</summary>
    void LoadState(JsonObject state);
}
