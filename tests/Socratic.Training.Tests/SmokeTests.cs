using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Tests;

public sealed class SmokeTests
{
    [Fact]
    public void TorchLoads() => Assert.Equal(6, ones(2, 3).sum().ToSingle());
}
