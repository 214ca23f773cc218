using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;
using static InferenceServer.Models.Tests.Engine.EngineHarness;

namespace InferenceServer.Models.Tests.Engine;

/// <summary>Short memory and full queues: who waits, who gives memory back, and that neither shows in the tokens.</summary>
public class PreemptionTests
{
    private static readonly SamplingOptions Endless = new()
    {
        Bias = new Dictionary<int, float> { [TinySetup.End] = float.NegativeInfinity, [TinySetup.EndOfText] = float.NegativeInfinity },
    };

    [Theory]
    [InlineData(ThinkingMethod.Plain, 24)]
    [InlineData(ThinkingMethod.Tas, 48)]
    [InlineData(ThinkingMethod.Bitune, 48)]
    [InlineData(ThinkingMethod.IcotSi, 24)]
    [InlineData(ThinkingMethod.QuietStar, 40)]
    [InlineData(ThinkingMethod.Tpo, 24)]
    public async Task Sequences_that_gave_their_memory_back_say_what_they_say_alone(ThinkingMethod method, int pages)
    {
        var setup = TinySetup.Of(method);
        // Short prompts, long answers: all are let in, and outgrow the arena together.
        var requests = Enumerable.Range(0, 12).Select(i => Request(i) with { MaxTokens = 24, ThoughtBudget = 10, Answering = Endless, Thinking = Endless }).ToList();
        var alone = new List<string>();
        using (var calm = Create(setup, options: new EngineOptions { MaxRunning = 1, StepRows = 64, PrefixCache = false }))
        {
            foreach (var request in requests) alone.Add(Story(await Read(calm.Submit(request))));
            Assert.Equal(0, calm.Load.Preemptions);
        }

        using var engine = Create(setup, pages);
        var together = await ReadAll(engine, requests);
        Assert.Equal(alone, together.Select(Story));
        await Idle(engine);
        Assert.True(engine.Load.Preemptions > 0, "Nobody had to give memory back: the arena is too large to prove anything.");
    }

    [Fact]
    public async Task Admission_goes_by_priority_and_then_by_age()
    {
        using var gate = new ManualResetEventSlim();
        var order = new List<int>();
        using var engine = Create(
            TinySetup.Plain(),
            options: new EngineOptions { MaxRunning = 1, StepRows = 16 },
            wrap: decoder => new WatchedDecoder(decoder, batch =>
            {
                gate.Wait();
                var group = Assert.IsType<RowGroup>(batch.Ops[0]);
                if (group.Start == 0) order.Add(((TokenRows)group.In).Tokens.Span[0]);
            }));
        int[] priorities = [0, 5, 1, 5, 0, 1, -3];
        var generations = priorities.Select((priority, i) => engine.Submit(Request(0) with { Prompt = [i, 20], Priority = priority })).ToList();
        gate.Set();
        foreach (var generation in generations) Assert.IsType<GenerationEvent.Finished>((await Read(generation))[^1]);

        // The first may have been let in before the others came.
        int[] expected = [6, 0, 4, 2, 5, 1, 3];
        Assert.Equal(order[0] == 0 ? [0, .. expected.Where(i => i != 0)] : expected, order);
    }

    [Fact]
    public async Task The_youngest_of_the_least_priority_gives_its_memory_back()
    {
        var rebuilt = new List<int>();
        var begun = new HashSet<int>();
        using var gate = new ManualResetEventSlim();
        using var engine = Create(
            TinySetup.Plain(),
            pages: 16,
            options: new EngineOptions { MaxRunning = 8, StepRows = 16, PrefixCache = false },
            wrap: decoder => new WatchedDecoder(decoder, batch =>
            {
                gate.Wait();
                foreach (var group in batch.Ops.OfType<RowGroup>())
                {
                    if (group.Start != 0) continue;
                    var name = ((TokenRows)group.In).Tokens.Span[0];
                    if (!begun.Add(name)) rebuilt.Add(name);
                }
            }));
        // Each grows to nine or ten of sixteen pages. The important one comes last and must never be sent back.
        var generations = Enumerable.Range(0, 3).Select(i =>
            engine.Submit(Request(0) with { Prompt = [i, 20], MaxTokens = 36, Answering = Endless, Priority = i == 2 ? -1 : 0 })).ToList();
        gate.Set();
        foreach (var generation in generations) Assert.IsType<GenerationEvent.Finished>((await Read(generation))[^1]);
        await Idle(engine);
        Assert.True(engine.Load.Preemptions > 0);
        Assert.NotEmpty(rebuilt);
        Assert.DoesNotContain(2, rebuilt);
        Assert.Contains(1, rebuilt);
    }

    [Fact]
    public async Task A_full_queue_tells_how_long_to_wait()
    {
        using var gate = new ManualResetEventSlim();
        using var engine = Create(
            TinySetup.Plain(),
            options: new EngineOptions { MaxRunning = 1, MaxWaiting = 1, StepRows = 1 },
            wrap: decoder => new WatchedDecoder(decoder, _ => gate.Wait()));
        var accepted = new[] { engine.Submit(Request(1)), engine.Submit(Request(2)) };
        var busy = Assert.Throws<EngineBusyException>(() => engine.Submit(Request(3)));
        Assert.InRange(busy.RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        gate.Set();
        foreach (var generation in accepted) Assert.IsType<GenerationEvent.Finished>((await Read(generation))[^1]);
        Assert.IsType<GenerationEvent.Finished>((await Read(engine.Submit(Request(3))))[^1]);
    }

    [Fact]
    public void The_wait_is_the_tokens_ahead_at_the_speed_of_late()
    {
        var queue = new AdmissionQueue(new EngineOptions { MaxRunning = 1, MaxWaiting = 8, MaxWaitingTokens = 1000 });
        queue.Learn(100, TimeSpan.FromSeconds(2));
        queue.Enter(900);
        Assert.Equal(TimeSpan.FromSeconds(1100 / 50.0), Assert.Throws<EngineBusyException>(() => queue.Enter(200)).RetryAfter);
        queue.Learn(100, TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(1100 / 60.0), Assert.Throws<EngineBusyException>(() => queue.Enter(200)).RetryAfter);
        queue.Enter(100);
        queue.Leave(900);
        queue.Enter(200);
        Assert.Equal(2, queue.Requests);

        // An empty queue takes any prompt the model takes.
        queue.Leave(100);
        queue.Leave(200);
        queue.Enter(5000);
    }
}
