namespace Socratic.Training;

/// <summary>A model folder cannot be loaded. The message is one sentence that names the file, the key or tensor, what was found, and the way out.</summary>
public class ModelLoadException : Exception
{
    /// <summary>Creates an exception without particulars.</summary>
    public ModelLoadException()
        : this("The model cannot be loaded.")
    {
    }

    /// <summary>Creates an exception with a message.</summary>
    public ModelLoadException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message and its cause.</summary>
    public ModelLoadException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
