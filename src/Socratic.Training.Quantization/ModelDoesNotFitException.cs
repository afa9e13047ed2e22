namespace Socratic.Training.Quantization;

/// <summary>A model needs more memory than there is. Nothing was allocated; the message counts the need by parts and says what would fit.</summary>
public sealed class ModelDoesNotFitException : ModelLoadException
{
    /// <summary>Creates an exception without particulars.</summary>
    public ModelDoesNotFitException()
        : this("The model does not fit into memory.")
    {
    }

    /// <summary>Creates an exception with a message.</summary>
    public ModelDoesNotFitException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message and its cause.</summary>
    public ModelDoesNotFitException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>What is needed, in bytes.</summary>
    public long NeededBytes { get; init; }

    /// <summary>What there is, in bytes.</summary>
    public long AvailableBytes { get; init; }

    /// <summary>The most rows of the planned length that fit into one micro-batch; 0 if the weights alone do not fit.</summary>
    public int LargestMicroBatch { get; init; }
}
