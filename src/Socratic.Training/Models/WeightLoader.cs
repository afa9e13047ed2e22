using Socratic.Training.Layers;
using Socratic.Training.Safetensors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Models;

/// <summary>Makes parameters out of a checkpoint, one tensor at a time, in the model's dtype on its device.</summary>
internal sealed class WeightLoader(CheckpointTensors tensors, ModelLoadOptions options, ScalarType dtype)
{
    public ScalarType Dtype => dtype;

    /// <summary>The dtype of the norms' weights.</summary>
    public ScalarType NormDtype => options.LinearFactory is IModelFormat { NormsInFloat32: true } ? ScalarType.Float32 : dtype;

    public Device Device => options.Device;

    /// <summary>A trainable parameter that is in no dispose scope.</summary>
    public Parameter Parameter(string name, long[] shape)
    {
        var stored = empty(shape, dtype, options.Device);
        tensors.ReadInto(name, stored);
        return Owned(stored);
    }

    /// <summary>A norm's weight: the values that it has in the model's dtype, in <see cref="NormDtype"/>.</summary>
    public Parameter Norm(string name, long size)
    {
        var parameter = Parameter(name, [size]);
        if (NormDtype == dtype) return parameter;
        using (parameter) return Owned(parameter.detach().to(NormDtype));
    }

    /// <summary>The linear layer at a path: the factory's, or a dense one.</summary>
    public LinearLayer Linear(string path, long outFeatures, long inFeatures, bool bias, bool isOutputEmbedding = false)
    {
        var folder = tensors.Folder;
        var request = new LinearRequest(
            path, inFeatures, outFeatures, bias, isOutputEmbedding, dtype, options.Device, tensors.Below(path), name => ReadAgain(folder, $"{path}.{name}"));
        if (options.LinearFactory?.Create(request) is { } made)
        {
            return made.InFeatures == inFeatures && made.OutFeatures == outFeatures
                ? made
                : throw new ModelLoadException(
                    $"{path}: the linear factory made a layer of {made.InFeatures} to {made.OutFeatures} features, expected {inFeatures} to {outFeatures}.");
        }
        return new DenseLinear(Parameter($"{path}.weight", [outFeatures, inFeatures]), bias ? Parameter($"{path}.bias", [outFeatures]) : null);
    }

    private static Tensor ReadAgain(string folder, string name)
    {
        using var tensors = CheckpointTensors.Open(folder);
        return tensors.Read(name);
    }

    private static Parameter Owned(Tensor tensor)
    {
        var parameter = new Parameter(tensor);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
