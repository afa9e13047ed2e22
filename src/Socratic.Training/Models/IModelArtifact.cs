using System.Text.Json.Nodes;

namespace Socratic.Training.Models;

/// <summary>
/// Something attached to a model that has files of its own and a section in training_config.json: an adapter, a 4-bit weight format.
/// </summary>
public interface IModelArtifact
{
    /// <summary>The key of its section in training_config.json, such as <c>lora_config</c>.</summary>
    string ConfigurationSection { get; }

    /// <summary>True if its files stand in place of the model's weights (an adapter's do).</summary>
    bool ReplacesWeights { get; }

    /// <summary>Its section of training_config.json.</summary>
    JsonObject DescribeConfiguration();

    /// <summary>Changes config.json as it is about to be written beside the weights, if it has something to say there.</summary>
    void AmendConfiguration(JsonObject config)
    {
    }

    /// <summary>Writes its files into an existing folder.</summary>
    void Save(string directory);

    /// <summary>Reads the tensors of files written by <see cref="Save"/> back into the live model; all or nothing.</summary>
    void Load(string directory);
}
