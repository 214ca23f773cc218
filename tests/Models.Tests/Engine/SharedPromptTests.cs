using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;
using static InferenceServer.Models.Tests.Engine.EngineHarness;

namespace InferenceServer.Models.Tests.Engine;

/// <summary>Prompts that begin alike and run at the same time (choices of one request): read once, and nobody can tell.</summary>
public class SharedPromptTests
{
    private const int Prompt = 31;
    private const int Choices = 4;

    [Theory]
    [InlineData(ThinkingMethod.Plain)]
    [InlineData(ThinkingMethod.Tas)]
    [InlineData(ThinkingMethod.Bitune)]
    [InlineData(ThinkingMethod.IcotSi)]
    [InlineData(ThinkingMethod.QuietStar)]
    [InlineData(ThinkingMethod.Tpo)]
    public async Task Choices_of_a_request_read_its_prompt_once_and_say_what_they_say_alone(ThinkingMethod method)
    {
        var setup = TinySetup.Of(method);
        var requests = Enumerable.Range(0, Choices).Select(choice => Request(3) with { Choice = choice }).ToList();
        var alone = new List<string>();
        using (var calm = Create(setup, options: new EngineOptions { MaxRunning = 1, StepRows = 64, PrefixCache = false }))
        {
            foreach (var request in requests) alone.Add(Story(await Read(calm.Submit(request))));
        }

        // Counted on the way into the lowest layer.
        var read = 0;
        using var gate = new ManualResetEventSlim();
        var watch = new Watch(batch =>
        {
            gate.Wait();
            read += batch.Ops.OfType<RowGroup>().Where(group => group.Range.Lo == 0).Sum(group => Math.Clamp(Prompt - group.Start, 0, group.Count));
        });
        using var engine = Create(setup, wrap: watch.Around);
        var generations = requests.ConvertAll(request => engine.Submit(request));
        gate.Set();
        var together = await Task.WhenAll(generations.Select(Read));
        Assert.Equal(alone, together.Select(Story));
        // The newest token of each is run for the row its first token is read from; Bitune reads the rest in two passes.
        Assert.Equal((method == ThinkingMethod.Bitune ? 2 : 1) * (Prompt - 1) + Choices, read);
        // 30 positions are seven whole blocks of four, which are shared, and half a block, which is copied in every layer group.
        Assert.Equal((Choices - 1) * KvGeometry.For(setup.Spec, 4).LayerGroups, watch.Copied);
        await Idle(engine);
    }

    [Fact]
    public async Task A_thinking_model_shares_its_prompt_before_it_has_finished_its_thought()
    {
        var kinds = new List<(int Lower, int Upper)>();
        var endless = new SamplingOptions { Bias = new Dictionary<int, float> { [TinySetup.End] = float.NegativeInfinity, [TinySetup.EndOfText] = float.NegativeInfinity } };
        using var proceed = new SemaphoreSlim(0);
        var setup = TinySetup.Of(ThinkingMethod.Tas);
        var watch = new Watch(batch =>
        {
            proceed.Wait();
            var groups = batch.Ops.OfType<RowGroup>().ToList();
            kinds.Add((groups.Where(group => group.Range.Lo == 0).Sum(group => group.Count), groups.Where(group => group.Range.Lo > 0).Sum(group => group.Count)));
        });
        using var engine = Create(setup, wrap: watch.Around, options: new EngineOptions { MaxRunning = 16, StepRows = 64 });
        var first = engine.Submit(Request(1) with { MaxTokens = 60, ThoughtBudget = 50, Thinking = endless });
        proceed.Release(10);
        while (kinds.Count < 10) await Task.Delay(5);
        // The first thought waits for the lower layers alone, the second is drawn while the prompt goes up.
        Assert.Equal((Prompt, 0), kinds[0]);
        Assert.Equal((1, Prompt), kinds[1]);
        Assert.All(kinds.Skip(2), kind => Assert.Equal((1, 0), kind));

        var second = engine.Submit(Request(1) with { ThoughtBudget = 2 });
        proceed.Release(1000);
        await Read(second);
        Assert.Equal(Prompt - 1, engine.Load.PrefixHits);
        first.Cancel();
        await Read(first);
        await Idle(engine);
    }

    [Fact]
    public async Task Whoever_waits_for_a_prompt_lets_others_pass_and_whoever_has_little_in_common_does_not_wait()
    {
        using var gate = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        var steps = new List<int[]>();
        var watch = new Watch(batch =>
        {
            entered.Set();
            gate.Wait();
            steps.Add([.. batch.Ops.OfType<RowGroup>().Select(group => group.Start)]);
        });
        using var engine = Create(TinySetup.Plain(), wrap: watch.Around, options: new EngineOptions { MaxRunning = 16, StepRows = 200 });
        var reader = engine.Submit(Request(1));
        await Task.Run(entered.Wait);
        var sibling = engine.Submit(Request(1) with { Choice = 1 });
        var stranger = engine.Submit(Request(2));
        var cousin = engine.Submit(Request(1) with { Prompt = [.. Request(1).Prompt.Take(8), .. Request(2).Prompt] });
        gate.Set();
        foreach (var generation in new[] { reader, sibling, stranger, cousin }) Assert.IsType<GenerationEvent.Finished>((await Read(generation))[^1]);
        // The stranger reads its own, the cousin all but the blocks it has in common, the sibling its newest token.
        Assert.Equal([0], steps[0]);
        Assert.Equal([Prompt, Prompt - 1, 0, 8], steps[1]);
        await Idle(engine);
    }

    [Fact]
    public async Task A_copy_that_fails_ends_the_sequence_it_was_made_for_and_no_other()
    {
        using var gate = new ManualResetEventSlim();
        var watch = new Watch(_ => gate.Wait()) { CopyFails = true };
        using var engine = Create(TinySetup.Plain(), wrap: watch.Around);
        var generations = Enumerable.Range(0, 2).Select(choice => engine.Submit(Request(1) with { Choice = choice })).ToList();
        gate.Set();
        var ends = (await Task.WhenAll(generations.Select(Read))).Select(events => events[^1]).ToList();
        Assert.IsType<GenerationEvent.Finished>(ends[0]);
        Assert.IsType<GenerationEvent.Failed>(ends[1]);
        await Idle(engine);
    }

    private static GenerationRequest Request(int seed) => new()
    {
        Prompt = [.. Enumerable.Range(0, Prompt).Select(i => ((seed * 3) + (i * i)) % 25)],
        MaxTokens = 12,
        ThoughtBudget = 4,
        Seed = (ulong)seed,
    };

    /// <summary>Sees steps before they run, and copies.</summary>
    private sealed class Watch(Action<StepBatch> before)
    {
        public int Copied { get; private set; }

        public bool CopyFails { get; init; }

        public WatchedDecoder Around(IDecoder decoder) => new(decoder, before, pages =>
        {
            if (CopyFails) throw new InvalidOperationException("No copy today.");
            Copied += pages;
        });
    }
}
