using Socratic.Training.Quantization.Loading;

namespace Socratic.Training.Quantization;

/// <summary>Loads models in 4 bits.</summary>
public static class QuantizationExtensions
{
    /// <summary>
    /// Brings the weights of the blocks' linear layers to 4 bits while the model is loaded, one tensor at a time; embedding, head and norms stay as they are. A
    /// checkpoint that bitsandbytes saved in 4 bits is taken as it is: its files decide type, block size and scales.
    /// </summary>
    /// <remarks>
    /// Before anything is allocated the need is compared with the memory that is free and with the limits of control groups
    /// (<see cref="ModelDoesNotFitException"/>).
    /// </remarks>
    /// <param name="load">The options of <see cref="CausalLanguageModel.Load"/>.</param>
    /// <param name="options">Type, block size, scales, compute dtype; null for NF4 with scales in 8 bits.</param>
    /// <returns><paramref name="load"/>.</returns>
    /// <exception cref="ArgumentException">The options are wrong; the message lists all of it.</exception>
    /// <exception cref="InvalidOperationException">Another form of linear layers was chosen already.</exception>
    public static ModelLoadOptions QuantizeTo4Bit(this ModelLoadOptions load, QuantizationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(load);
        options?.Check();
        if (load.LinearFactory is not null) throw new InvalidOperationException($"{nameof(ModelLoadOptions.LinearFactory)} is set already.");
        load.LinearFactory = new FourBitFormat(load, options);
        return load;
    }
}
