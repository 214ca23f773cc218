using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Metrics;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Engine;

/// <summary>
/// Many requests over HTTP, half of which leave at some point of their own choosing: nothing may stay behind. A few hundred
/// by default; <c>SOAK_REQUESTS</c> sets the number.
/// </summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class SoakTests(EngineServer server, ITestOutputHelper output)
{
    private const int Clients = 40;
    private const int WarmUp = 120;
    private const string Handles = "/proc/self/fd";
    private const long MemorySlack = 8 << 20; // bytes

    private static int Requests => int.Parse(Environment.GetEnvironmentVariable("SOAK_REQUESTS") ?? "300", CultureInfo.InvariantCulture);

    private enum Outcome
    {
        Whole,
        Left,
        Refused,
    }

    [Fact]
    public async Task Requests_that_come_and_leave_at_every_stage_leave_nothing_behind()
    {
        var witness = Said(await server.CallAsync(Chats, StoryRequests.Chat(1)));
        await Send(0, WarmUp);
        var before = await Measure();
        var outcomes = await Send(WarmUp, Requests);
        var after = await Measure();

        var load = server.Engine.Load;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Requests} requests: {outcomes[Outcome.Whole]} whole, {outcomes[Outcome.Left]} left, {outcomes[Outcome.Refused]} refused; {load.Preemptions} preemptions; "
            + $"prefix {load.PrefixHits} of {load.PrefixQueries} tokens; memory {before.Memory / 1e6:F2} to {after.Memory / 1e6:F2} MB; handles {before.Handles} to {after.Handles}; {load}"));
        Assert.Equal(Requests, outcomes.Values.Sum());
        Assert.All(outcomes.Values, count => Assert.True(count > 0));
        Assert.Equal((0, 0, 0), (server.Engine.Unfinished, load.Running, load.Waiting));
        Assert.Equal(load.CachedPages, load.UsedPages);
        var metrics = await MetricsTests.ScrapeAsync(server);
        var model = ("model_name", EngineServer.Model);
        Assert.Equal(0, metrics["vllm:num_requests_running", model]);
        Assert.Equal(0, metrics["vllm:num_requests_waiting", model]);
        Assert.Equal(0, metrics["vllm:kv_cache_usage_perc", model]);
        Assert.True(metrics["vllm:request_success_total", model, ("finished_reason", "abort")] > 0);
        Assert.Null(server.Engine.Unhealthy);
        // Other tests of the process open some meanwhile; a handle a request would be hundreds.
        Assert.InRange(after.Handles, 0, before.Handles + 24);
        Assert.InRange(after.Memory, 0, before.Memory + MemorySlack);
        Assert.Equal(witness, Said(await server.CallAsync(Chats, StoryRequests.Chat(1))));
    }

    private async Task<Dictionary<Outcome, int>> Send(int from, int count)
    {
        // Its connections end with it.
        using var http = new HttpClient { BaseAddress = server.Http.BaseAddress, Timeout = TimeSpan.FromMinutes(5) };
        var next = from - 1;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            var mine = new List<Outcome>();
            for (var i = Interlocked.Increment(ref next); i < from + count; i = Interlocked.Increment(ref next)) mine.Add(await Send(http, i));
            return mine;
        }));
        return Enum.GetValues<Outcome>().ToDictionary(outcome => outcome, outcome => outcomes.Sum(mine => mine.Count(one => one == outcome)));
    }

    private static async Task<Outcome> Send(HttpClient http, int index)
    {
        var random = new Random(index);
        var (path, body) = random.Next(3) switch
        {
            0 => (Chats, StoryRequests.Chat(index)),
            1 => (Completions, StoryRequests.Completion(index)),
            _ => (Generate, StoryRequests.Completion(index)),
        };
        if (path != Generate) body.With("n", 1 + (index % 3));
        body.With("stream", random.Next(2) == 0);
        using var leaving = new CancellationTokenSource();
        var stage = random.Next(8);
        if (stage == 0) body.With("max_tokens", -1);
        if (stage is 1 or 2) leaving.CancelAfter(TimeSpan.FromMilliseconds(random.Next(stage == 1 ? 3 : 1500)));
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create<JsonNode>(body) };
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaving.Token);
            if (response.StatusCode == HttpStatusCode.BadRequest) return Outcome.Refused;
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            if (stage == 3) return Outcome.Left;
            await using var content = await response.Content.ReadAsStreamAsync(leaving.Token);
            var limit = stage == 4 ? random.Next(1, 6000) : int.MaxValue;
            var buffer = new byte[512];
            for (var read = 0; read < limit;)
            {
                var got = await content.ReadAsync(buffer.AsMemory(0, Math.Min(buffer.Length, limit - read)), leaving.Token);
                if (got == 0) return Outcome.Whole;
                read += got;
            }

            return Outcome.Left;
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
            return Outcome.Left;
        }
    }

    private async Task<(int Handles, long Memory)> Measure()
    {
        await server.BecomesIdle();
        // Connections close in their own time.
        var handles = Count();
        for (var calm = 0; calm < 10; calm++)
        {
            await Task.Delay(50);
            var now = Count();
            if (now < handles) calm = 0;
            handles = Math.Min(handles, now);
        }

        return (handles, GC.GetTotalMemory(forceFullCollection: true));
    }

    private static int Count() => Directory.Exists(Handles) ? Directory.GetFileSystemEntries(Handles).Length : 0;
}
