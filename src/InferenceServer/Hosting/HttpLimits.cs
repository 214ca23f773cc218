using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace InferenceServer.Hosting;

/// <summary>
/// Section <c>Server:Http</c>: what one connection may cost. All of the web server's limits are set here, none is left to
/// what the framework happens to have.
/// </summary>
public sealed record HttpLimits
{
    /// <summary>From the first byte of a request to the end of its headers.</summary>
    public double HeaderSeconds { get; init; } = 15;

    /// <summary>How long a connection without a request stays open.</summary>
    public double IdleSeconds { get; init; } = 130;

    /// <summary>Of a request line.</summary>
    public int MaxLineBytes { get; init; } = 8 * 1024;

    /// <summary>Of all headers of a request.</summary>
    public int MaxHeaderBytes { get; init; } = 32 * 1024;

    public int MaxHeaders { get; init; } = 100;

    /// <summary>HTTP/2 streams of one connection at a time.</summary>
    public int MaxStreams { get; init; } = 100;

    /// <summary>Body bytes a second that a client must send, once the grace is over; 0 = any.</summary>
    public double MinRequestRate { get; init; } = 240;

    /// <summary>Bytes a second that a client must take of what is ready for it; a stream that says nothing costs nobody. 0 = any.</summary>
    public double MinResponseRate { get; init; } = 240;

    /// <summary>How long a client may be slower than the rates.</summary>
    public double GraceSeconds { get; init; } = 10;

    /// <summary>
    /// How long a stream waits for a client that takes nothing. The rate above does not see it: what the system's own buffers
    /// took at once counts as taken.
    /// </summary>
    public double StallSeconds { get; init; } = 30;

    /// <summary>Bytes of a response that wait for a slow client before its stream pauses.</summary>
    public long MaxResponseBuffer { get; init; } = 64 * 1024;

    internal void Apply(KestrelServerLimits limits)
    {
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(HeaderSeconds);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(IdleSeconds);
        limits.MaxRequestLineSize = MaxLineBytes;
        limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        limits.MaxRequestHeaderCount = MaxHeaders;
        limits.MaxRequestBufferSize = Math.Max(1024 * 1024, MaxHeaderBytes + MaxLineBytes);
        limits.MaxResponseBufferSize = MaxResponseBuffer;
        limits.MinRequestBodyDataRate = Rate(MinRequestRate);
        limits.MinResponseDataRate = Rate(MinResponseRate);
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.Http2.MaxStreamsPerConnection = MaxStreams;
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
    }

    /// <exception cref="SettingsException">Names the setting and what it may be.</exception>
    internal void Validate(string section)
    {
        foreach (var (name, value, least, most) in new (string, double, double, double)[]
        {
            (nameof(HeaderSeconds), HeaderSeconds, 0.1, 3600), (nameof(IdleSeconds), IdleSeconds, 0.1, 86_400), (nameof(MaxLineBytes), MaxLineBytes, 256, 1 << 20),
            (nameof(MaxHeaderBytes), MaxHeaderBytes, 1024, 1 << 20), (nameof(MaxHeaders), MaxHeaders, 10, 10_000), (nameof(MaxStreams), MaxStreams, 1, 10_000),
            (nameof(MinRequestRate), MinRequestRate, 0, 1e9), (nameof(MinResponseRate), MinResponseRate, 0, 1e9),
            (nameof(GraceSeconds), GraceSeconds, 1.1, 3600), (nameof(StallSeconds), StallSeconds, 0.1, 3600), (nameof(MaxResponseBuffer), MaxResponseBuffer, 0, 1 << 30),
        })
        {
            SettingsException.Require(value >= least && value <= most, section, name, $"{least} to {most}", value);
        }
    }

    private MinDataRate? Rate(double bytesPerSecond) => bytesPerSecond == 0 ? null : new MinDataRate(bytesPerSecond, TimeSpan.FromSeconds(GraceSeconds));
}
