using System.Collections.Concurrent;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace InferenceServer.Tests.Support;

/// <summary>Keeps every line a server logs, its exceptions and the values of its placeholders included.</summary>
public sealed class LogCapture : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyList<string> Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName) => new Logger(_lines);

    public void Dispose()
    {
    }

    private sealed class Logger(ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");
    }
}

/// <summary>The server with everything it logs: its own lines from debug on, the framework's as the program has them.</summary>
public class LoggingServer : TestServer
{
    private Task<(string? Thought, string Answer)>? _witness;

    public LogCapture Log { get; } = new();

    /// <summary>What the server said when it was asked first: it must go on saying it.</summary>
    public Task<(string? Thought, string Answer)> Witness => _witness ??= AskAsync();

    private async Task<(string? Thought, string Answer)> AskAsync() => Bodies.Said(await CallAsync(Bodies.Chats, Bodies.Chat()));

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        base.ConfigureWebHost(builder);
        builder.ConfigureLogging(logging => logging
            .SetMinimumLevel(LogLevel.Debug).AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning).AddProvider(Log));
    }
}
