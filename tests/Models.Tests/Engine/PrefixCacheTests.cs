using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;
using static InferenceServer.Models.Tests.Engine.EngineHarness;

namespace InferenceServer.Models.Tests.Engine;

/// <summary>Prompts that begin alike: run once, the same to the bit, and shared with nobody who may not know.</summary>
public class PrefixCacheTests
{
    private const int Prompt = 31;
    private const int WholeBlocks = 28; // of four positions; the newest token is always run

    [Theory]
    [InlineData(ThinkingMethod.Plain)]
    [InlineData(ThinkingMethod.Tas)]
    [InlineData(ThinkingMethod.IcotSi)]
    [InlineData(ThinkingMethod.QuietStar)]
    [InlineData(ThinkingMethod.Tpo)]
    public async Task Warm_equals_cold_and_only_the_rest_of_a_prompt_is_run(ThinkingMethod method)
    {
        var prefill = 0;
        using var engine = Create(TinySetup.Of(method), wrap: decoder => new WatchedDecoder(decoder, batch => prefill += batch.Ops.OfType<RowGroup>()
            .Where(group => group.Range.Lo == 0).Sum(group => Math.Clamp(Prompt - group.Start, 0, group.Count))));
        var cold = Story(await Read(engine.Submit(Long(1))));
        Assert.True(prefill >= Prompt);
        Assert.Equal((Prompt, 0), (engine.Load.PrefixQueries, engine.Load.PrefixHits));
        prefill = 0;
        Assert.Equal(cold, Story(await Read(engine.Submit(Long(1)))));
        Assert.Equal((2 * Prompt, WholeBlocks), (engine.Load.PrefixQueries, engine.Load.PrefixHits));
        Assert.Equal(Prompt - WholeBlocks, prefill);

        // A prompt that parts ways in the third block has the first two in common.
        var parting = Long(1) with { Prompt = [.. Long(1).Prompt.Select((token, i) => i == 9 ? token + 1 : token)] };
        using var fresh = Create(TinySetup.Of(method));
        Assert.Equal(Story(await Read(fresh.Submit(parting))), Story(await Read(engine.Submit(parting))));
        Assert.Equal(WholeBlocks + 8, engine.Load.PrefixHits);
        await Idle(engine);
        Assert.True(engine.Load.CachedPages > 0);
    }

    [Fact]
    public async Task Tenants_do_not_share()
    {
        using var engine = Create(TinySetup.Plain());
        var first = Story(await Read(engine.Submit(Long(1) with { CacheSalt = "a" })));
        Assert.Equal(first, Story(await Read(engine.Submit(Long(1) with { CacheSalt = "b" }))));
        Assert.Equal(first, Story(await Read(engine.Submit(Long(1)))));
        Assert.Equal(0, engine.Load.PrefixHits);
        Assert.Equal(first, Story(await Read(engine.Submit(Long(1) with { CacheSalt = "b" }))));
        Assert.Equal(WholeBlocks, engine.Load.PrefixHits);
        await Idle(engine);
    }

    [Fact]
    public async Task Switched_off_nothing_is_kept()
    {
        using var engine = Create(TinySetup.Plain(), options: new EngineOptions { MaxRunning = 4, StepRows = 8, PrefixCache = false });
        var first = Story(await Read(engine.Submit(Long(1))));
        Assert.Equal(first, Story(await Read(engine.Submit(Long(1)))));
        await Idle(engine);
        Assert.Equal((0, 0, 0), (engine.Load.PrefixQueries, engine.Load.PrefixHits, engine.Load.UsedPages));
    }

    [Theory]
    [InlineData(ThinkingMethod.Plain, 400)]
    [InlineData(ThinkingMethod.Tas, 400)]
    [InlineData(ThinkingMethod.Tas, 70)]
    [InlineData(ThinkingMethod.QuietStar, 400)]
    public async Task A_page_that_two_sequences_hold_is_never_written(ThinkingMethod method, int pages)
    {
        var tables = new HashSet<KvTable>();
        var shared = 0;
        string? problem = null;
        using var engine = Create(TinySetup.Of(method), pages, wrap: decoder => new WatchedDecoder(decoder, batch =>
        {
            var groups = batch.Ops.OfType<RowGroup>().ToList();
            foreach (var group in groups) tables.Add(group.Kv);
            var holders = tables.SelectMany(Pages).CountBy(page => page).ToDictionary();
            shared = Math.Max(shared, holders.Values.Count(count => count > 1));
            foreach (var group in groups)
            {
                foreach (var page in Written(group).Where(page => holders[page] > 1)) problem ??= $"Page {page} is written while {holders[page]} tables hold it.";
            }
        }));
        // Four prompts, eight answers each, commands in between that take a sequence back to where its blocks are shared.
        var generations = Enumerable.Range(0, 32).Select(i => engine.Submit(Long(i / 8) with { Seed = (ulong)i })).ToList();
        foreach (var generation in generations) await generation.SendAsync(new ProgramCommand.ReplaceThought([3, 1, 4]));
        foreach (var generation in generations) Assert.IsType<GenerationEvent.Finished>((await Read(generation))[^1]);
        await Idle(engine);
        Assert.Null(problem);
        Assert.True(shared > 0, "No page was shared: nothing is proved.");
    }

    private static GenerationRequest Long(int seed) => new()
    {
        Prompt = [.. Enumerable.Range(0, Prompt).Select(i => ((seed * 3) + (i * i)) % 25)],
        MaxTokens = 12,
        ThoughtBudget = 4,
        Seed = (ulong)seed,
    };

    private static IEnumerable<int> Pages(KvTable table) => Enumerable.Range(0, table.Geometry.LayerGroups).SelectMany(table.Pages);

    private static IEnumerable<int> Written(RowGroup group)
    {
        var geometry = group.Kv.Geometry;
        if (group.Range.Count == 0 || group.Count == 0) yield break;
        for (var layers = geometry.GroupOf(group.Range.Lo); layers <= geometry.GroupOf(group.Range.Hi - 1); layers++)
        {
            for (var page = group.Start / geometry.PageTokens; page <= (group.Start + group.Count - 1) / geometry.PageTokens; page++)
                yield return group.Kv.Pages(layers)[page];
        }
    }
}
