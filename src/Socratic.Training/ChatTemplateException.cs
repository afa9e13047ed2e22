namespace Socratic.Training;

/// <summary>A conversation does not fit the model's chat format, or the model has none.</summary>
public sealed class ChatTemplateException : Exception
{
    /// <summary>An error with a message.</summary>
    public ChatTemplateException(string message)
        : base(message)
    {
    }

    /// <summary>An error with a message and its cause.</summary>
    public ChatTemplateException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>An error without a message.</summary>
    public ChatTemplateException()
    {
    }
}
