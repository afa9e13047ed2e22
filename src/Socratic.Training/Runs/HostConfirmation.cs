namespace Socratic.Training.Runs;

/// <summary>Asks through the host's own input and output, where a person can be there at all.</summary>
/// <example>
/// <code>new HostConfirmation(Console.IsInputRedirected, question => { Console.Write(question); return Console.ReadLine(); })</code>
/// </example>
public sealed class HostConfirmation : IConfirmation
{
    // Services that build and test, and notebooks that run on somebody's server: a question there waits forever.
    private static readonly string[] Unattended =
    [
        "CI", "TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION",
        "JPY_PARENT_PID", "COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE", "DATABRICKS_RUNTIME_VERSION", "SAGEMAKER_INTERNAL_IMAGE_URI",
    ];

    private readonly Func<string, string?> ask;

    /// <summary>Asks by a function of the host.</summary>
    /// <param name="inputRedirected">Whether the standard input is no terminal.</param>
    /// <param name="ask">Shows a question and returns the answer as it was typed; null at the end of the input.</param>
    public HostConfirmation(bool inputRedirected, Func<string, string?> ask)
        : this(inputRedirected, ask, Environment.GetEnvironmentVariable)
    {
    }

    internal HostConfirmation(bool inputRedirected, Func<string, string?> ask, Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(ask);
        this.ask = ask;
        IsPersonPresent = !inputRedirected && !Unattended.Any(name => IsSet(environment(name)));
    }

    /// <inheritdoc/>
    public bool IsPersonPresent { get; }

    /// <inheritdoc/>
    public string? Ask(string question) => ask(question);

    private static bool IsSet(string? value) => !string.IsNullOrEmpty(value) && value != "0" && !value.Equals("false", StringComparison.OrdinalIgnoreCase);
}
