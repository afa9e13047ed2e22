using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Loop;

/// <summary>The states of torch's generators: dropout draws from them, so a resume puts them back.</summary>
internal static class Generators
{
    private const string Cpu = "cpu";
    private const string Epoch = "cpu_at_epoch_start";

    internal static Dictionary<string, Tensor> Capture(Tensor? epoch)
    {
        var states = new Dictionary<string, Tensor> { [Cpu] = get_rng_state() };
        if (epoch is not null) states[Epoch] = epoch;
        return states;
    }

    /// <summary>Puts the generator back; gives its state at the epoch's start, which the caller owns.</summary>
    internal static Tensor? Restore(IReadOnlyDictionary<string, Tensor> states)
    {
        set_rng_state(states[Cpu]);
        return states.TryGetValue(Epoch, out var epoch) ? epoch.clone().DetachFromDisposeScope() : null;
    }

    /// <summary>
    /// TorchSharp gives no way to the state of a GPU's generator, so there each update's draws follow from its number: a resume meets the same ones.
    /// </summary>
    internal static void SeedUpdate(Device device, int seed, int step)
    {
        if (device.type == DeviceType.CUDA) cuda.manual_seed_all(((long)seed << 32) ^ step);
    }
}
