namespace Socratic.Training.Pure.Tests.Callbacks;

public sealed class ProgressCallbackTests
{
    private readonly List<TrainingProgress> reports = [];

    [Fact]
    public void Each_update_is_reported_with_pace_and_time_left()
    {
        Run().Begin().To(10);
        Assert.Equal(Enumerable.Range(1, 10), reports.Select(r => r.Step));
        var last = reports[^1];
        Assert.Equal((40, 1.0, 1e-4), (last.Of, last.Epoch, last.LearningRate));
        Assert.Equal(0.2, last.Loss);
        Assert.Equal(200, last.TokensPerSecond!.Value, 9);
        Assert.Equal(TimeSpan.FromSeconds(60), last.TimeLeft);
        Assert.Equal(FakeRun.NoGpu.HostBytes, last.HostMemoryBytes);
        Assert.Null(last.GpuMemoryBytes);
    }

    [Fact]
    public void The_report_of_an_update_that_is_logged_shows_its_own_loss()
    {
        Run().Begin().To(7);
        Assert.Equal([null, null, null, null, 0.4, 0.4, 0.4], reports.Select(r => r.Loss));
    }

    [Fact]
    public void Before_the_first_log_there_is_no_loss()
    {
        Run().Begin().To(1);
        Assert.Null(reports[0].Loss);
    }

    [Fact]
    public void A_resumed_run_takes_its_pace_from_itself()
    {
        Run().Begin(20).To(21);
        Assert.Equal(TimeSpan.FromSeconds(38), reports[0].TimeLeft);
    }

    private FakeRun Run() => new("out", new ProgressCallback(new Direct(reports)) { Memory = () => FakeRun.NoGpu });

    private sealed class Direct(List<TrainingProgress> reports) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => reports.Add(value);
    }
}
