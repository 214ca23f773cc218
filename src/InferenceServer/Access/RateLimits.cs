using System.Globalization;
using InferenceServer.Errors;

namespace InferenceServer.Access;

/// <summary>What one caller may use in a minute, told in OpenAI's <c>x-ratelimit-*</c> headers.</summary>
/// <param name="Requests">Null = no limit.</param>
/// <param name="Tokens">Prompt and generated tokens; null = no limit.</param>
public sealed record RateLimits(TokenBucket? Requests, TokenBucket? Tokens)
{
    /// <summary>All that is ever sent, for those who must name them (CORS).</summary>
    public static IReadOnlyList<string> Headers { get; } =
        [.. from what in new[] { "requests", "tokens" } from kind in new[] { "limit", "remaining", "reset" } select $"x-ratelimit-{kind}-{what}"];

    /// <summary>Null where nothing is limited.</summary>
    public static RateLimits? Create(int requestsPerMinute, int tokensPerMinute, TimeProvider clock)
    {
        if (requestsPerMinute == 0 && tokensPerMinute == 0) return null;
        return new RateLimits(Bucket(requestsPerMinute), Bucket(tokensPerMinute));

        TokenBucket? Bucket(int perMinute) => perMinute == 0 ? null : new TokenBucket(perMinute, clock);
    }

    /// <summary>
    /// Counts a request, before any of it is read. Its tokens are charged while they are used, so that a request may overdraw;
    /// then the next has to wait.
    /// </summary>
    /// <exception cref="ApiException">429 with Retry-After: the minute's requests or tokens are used up.</exception>
    public void Admit(HttpResponse response)
    {
        var ready = Tokens?.Until(1) ?? TimeSpan.Zero;
        var (refused, wait) = ready > TimeSpan.Zero ? (Tokens, ready)
            : Requests?.TryTake() == false ? (Requests, Requests.Until(1))
            : (null, TimeSpan.Zero);
        Show(response.Headers, "requests", Requests);
        Show(response.Headers, "tokens", Tokens);
        if (refused is null) return;
        var what = refused == Tokens ? "tokens" : "requests";
        throw new ApiException(
            StatusCodes.Status429TooManyRequests, $"This key's limit of {refused.PerMinute} {what} a minute is used up.", "rate_limit_exceeded")
        {
            RetryAfter = (int)Math.Max(1, Math.Ceiling(wait.TotalSeconds)),
        };
    }

    /// <summary>A duration as OpenAI's headers have it: 120ms, 1s, 6m0s.</summary>
    internal static string Duration(TimeSpan time) => time < TimeSpan.FromSeconds(1)
        ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalMilliseconds)}ms")
        : time.TotalSeconds is var seconds && seconds < 60
            ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.###}s")
            : string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes}m{Math.Floor(seconds % 60)}s");

    private static void Show(IHeaderDictionary headers, string what, TokenBucket? bucket)
    {
        if (bucket is null) return;
        headers[$"x-ratelimit-limit-{what}"] = bucket.PerMinute.ToString(CultureInfo.InvariantCulture);
        headers[$"x-ratelimit-remaining-{what}"] = bucket.Left.ToString(CultureInfo.InvariantCulture);
        headers[$"x-ratelimit-reset-{what}"] = Duration(bucket.UntilFull);
    }
}
