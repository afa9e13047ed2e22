using Socratic.Training.Runs;

namespace Socratic.Training.Pure.Tests.Runs;

public sealed class HostConfirmationTests
{
    [Theory]
    [InlineData(false, null, null, true)]
    [InlineData(true, null, null, false)]
    [InlineData(false, "CI", "true", false)]
    [InlineData(false, "CI", "false", true)]
    [InlineData(false, "CI", "", true)]
    [InlineData(false, "COLAB_RELEASE_TAG", "release-colab", false)]
    [InlineData(false, "KAGGLE_KERNEL_RUN_TYPE", "Interactive", false)]
    [InlineData(false, "JPY_PARENT_PID", "12", false)]
    public void A_person_is_there_at_a_terminal_of_no_service(bool redirected, string? variable, string? value, bool present)
        => Assert.Equal(present, new HostConfirmation(redirected, _ => null, name => name == variable ? value : null).IsPersonPresent);

    [Fact]
    public void The_hosts_function_asks()
    {
        string? asked = null;
        var confirmation = new HostConfirmation(false, question =>
        {
            asked = question;
            return "maybe";
        });
        Assert.Equal("maybe", confirmation.Ask("Overwrite?"));
        Assert.Equal("Overwrite?", asked);
    }
}
