using System.Net;
using InferenceServer.Access;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Access;

/// <summary>Limits of a key, and of the queue.</summary>
public sealed class LimitTests(LockedServer server) : IClassFixture<LockedServer>
{
    [Fact]
    public async Task A_minute_has_so_many_requests_and_the_answers_say_how_many_are_left()
    {
        var body = Chat().With("max_tokens", 1);
        foreach (var left in new[] { "2", "1", "0" })
        {
            using var response = await server.PostAsync(Chats, LockedServer.Seldom, body);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("3", Header(response, "x-ratelimit-limit-requests"));
            Assert.Equal(left, Header(response, "x-ratelimit-remaining-requests"));
            Assert.Matches(@"^(\d+m)?\d+(\.\d+)?s$", Header(response, "x-ratelimit-reset-requests"));
            Assert.False(response.Headers.Contains("x-ratelimit-limit-tokens"));
        }

        using var refused = await server.PostAsync(Chats, LockedServer.Seldom, body);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("rate_limit_exceeded", await LockedServer.CodeOf(refused));
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 10, 20);
        Assert.Equal("0", Header(refused, "x-ratelimit-remaining-requests"));

        // Questions that cost nothing are not counted, and no other key pays.
        using var models = await server.SendAsync(HttpMethod.Get, "/v1/models", LockedServer.Seldom);
        Assert.Equal(HttpStatusCode.OK, models.StatusCode);
        using var other = await server.PostAsync(Chats, LockedServer.All, body);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        Assert.False(other.Headers.Contains("x-ratelimit-limit-requests"));
    }

    [Fact]
    public async Task Tokens_are_charged_as_they_are_used_also_those_of_a_client_that_left()
    {
        var (response, _) = await server.StartAsync(LockedServer.Brief);
        using (response)
        {
            Assert.Equal("120", Header(response, "x-ratelimit-limit-tokens"));
            Assert.Equal("120", Header(response, "x-ratelimit-remaining-tokens"));
            await using var stream = await response.Content.ReadAsStreamAsync();
            var buffer = new byte[32_768];
            await stream.ReadExactlyAsync(buffer); // some two hundred tokens
        }

        await server.BecomesIdle();
        using var refused = await server.PostAsync(Chats, LockedServer.Brief, Chat());
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("rate_limit_exceeded", await LockedServer.CodeOf(refused));
        Assert.Equal("0", Header(refused, "x-ratelimit-remaining-tokens"));
        Assert.True(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds > 1);
    }

    [Fact]
    public void A_bucket_fills_evenly_and_pays_its_debts_first()
    {
        var clock = new HandClock();
        var bucket = new TokenBucket(60, clock);
        Assert.Equal(60, bucket.Left);
        bucket.Charge(90);
        Assert.Equal(0, bucket.Left);
        Assert.False(bucket.TryTake());
        Assert.Equal(31, bucket.Until(1).TotalSeconds, 6);
        clock.Advance(31);
        Assert.True(bucket.TryTake());
        Assert.False(bucket.TryTake());
        clock.Advance(3600);
        Assert.Equal(60, bucket.Left);
        Assert.Equal(TimeSpan.Zero, bucket.UntilFull);
    }

    [Theory]
    [InlineData(0.0301, "31ms")]
    [InlineData(1, "1s")]
    [InlineData(20.5, "20.5s")]
    [InlineData(360, "6m0s")]
    [InlineData(125.9, "2m5s")]
    public void Durations_are_written_as_OpenAI_does(double seconds, string expected) =>
        Assert.Equal(expected, RateLimits.Duration(TimeSpan.FromSeconds(seconds)));

    private static string Header(HttpResponseMessage response, string name) => Assert.Single(response.Headers.GetValues(name));

    private sealed class HandClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(double seconds) => _ticks += (long)(seconds * TimeSpan.TicksPerSecond);
    }
}
