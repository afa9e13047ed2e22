using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Loop;

/// <summary>The states of torch's generators: dropout draws from them, so a resume puts them back.</summary>
internal static class Generators
{
    private const string Cpu = "cpu";

    internal static Dictionary<string, Tensor> Capture() => new() { [Cpu] = get_rng_state() };

    internal static void Restore(IReadOnlyDictionary<string, Tensor> states) => set_rng_state(states[Cpu]);

    /// <summary>
    /// TorchSharp gives no way to the state of a GPU's generator, so there each update's draws follow from its number: a resume meets the same ones.
    /// </summary>
    internal static void SeedUpdate(Device device, int seed, int step)
    {
        if (device.type == DeviceType.CUDA) cuda.manual_seed_all(((long)seed << 32) ^ step);
    }
}
