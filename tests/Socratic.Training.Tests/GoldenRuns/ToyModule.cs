using Socratic.Testing.Golden;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.GoldenRuns;

/// <summary>The toy of golden/trainer: fc2(dropout(tanh(norm(fc1(x))))), 8 -> width -> 4.</summary>
internal sealed class ToyModule : nn.Module<Tensor, Tensor>
{
    private readonly Linear fc1;
    private readonly LayerNorm norm;
    private readonly Linear fc2;
    private readonly double dropout;

    internal ToyModule(int width, double dropout)
        : base("toy")
    {
        this.dropout = dropout;
        register_module("fc1", fc1 = nn.Linear(8, width));
        register_module("norm", norm = nn.LayerNorm(width));
        register_module("fc2", fc2 = nn.Linear(width, 4));
    }

    internal static ToyModule Load(string folder)
    {
        var config = GoldenRoot.Json(Path.Combine(folder, "config.json"));
        return Load(Path.Combine(folder, "model.safetensors"), config.GetProperty("width").GetInt32(), config.GetProperty("dropout").GetDouble());
    }

    /// <summary>The weights of a file; a width of null is the file's.</summary>
    internal static ToyModule Load(string file, int? width, double dropout)
    {
        var tensors = new GoldenTensors(file);
        var module = new ToyModule(width ?? (int)tensors.Shape("fc1.bias")[0], dropout);
        using var _ = no_grad();
        foreach (var (name, parameter) in module.named_parameters())
        {
            using var value = tensor(tensors.Floats(name)).view(parameter.shape);
            parameter.copy_(value);
        }
        return module;
    }

    public override Tensor forward(Tensor x)
    {
        var hidden = tanh(norm.forward(fc1.forward(x)));
        if (dropout > 0) hidden = nn.functional.dropout(hidden, dropout, training);
        return fc2.forward(hidden);
    }
}
