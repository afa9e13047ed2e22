using Microsoft.Extensions.Logging;

namespace Socratic.Samples;

/// <summary>Shows the library's log between the lines of progress. Errors are left out: the program says them once, at its end.</summary>
internal sealed class ScreenLoggerProvider(Screen screen) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new ScreenLogger(screen);

    public void Dispose()
    {
    }

    private sealed class ScreenLogger(Screen screen) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is LogLevel.Information or LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) screen.Message(logLevel, formatter(state, exception));
        }
    }
}
