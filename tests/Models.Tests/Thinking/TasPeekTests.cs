using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>Both heads at every position: what is seen is what one forward says, and seeing changes nothing.</summary>
public class TasPeekTests
{
    private const int Top = 4;

    private static readonly int[] Prompt = [3, 14, 15, 9, 2, 6, 5];

    public static MatrixTheoryData<int, int, int> Runs => new([1, 2, 3], [1, 2, 3], [int.MaxValue, 2]);

    [Theory]
    [MemberData(nameof(Runs))]
    public void Every_head_says_at_every_row_what_it_says_in_one_forward(int seed, int layer, int budget)
    {
        var setup = TinySetup.Tas(seed, layer);
        var run = Generate(setup, Request(seed) with { Peek = Both(layer) }, budget);
        int[] thought = [.. run.Sink.Thought];
        int[] answer = [.. run.Sink.Answer];
        Assert.NotEmpty(answer);
        Assert.Equal(thought.Length + answer.Length, run.Sink.Peeks.Count);

        using var decoder = new ReferenceDecoder(setup.Spec, 100, 4);
        var harness = new DecoderHarness(decoder);
        int[] all = [.. Prompt, .. thought, TinySetup.End, .. answer];
        var above = harness.Logprobs(harness.Prompt(all));
        var below = harness.Logprobs(harness.Prompt(all) with { Range = new LayerRange(0, layer) }, head: 1);
        for (var i = 0; i < thought.Length; i++) AssertSaid(above[Prompt.Length - 1 + i], 4, Seen(run, TokenChannel.Thought, i));
        for (var i = 0; i < answer.Length; i++) AssertSaid(below[Prompt.Length + thought.Length + i], layer, Seen(run, TokenChannel.Answer, i));
    }

    [Fact]
    public void Looking_moves_no_token_and_is_the_same_after_abandoned_steps_and_evictions()
    {
        for (var seed = 1; seed <= 40; seed++)
        {
            var setup = TinySetup.Tas(1 + (seed % 3), gpt2: seed % 2 == 0);
            var request = Request(seed) with { Thought = seed % 8 == 0 ? [4, 5, 6] : null, ThoughtBudget = seed % 5 == 0 ? 0 : 6 };
            var plain = Generate(setup, request);
            var calm = Generate(setup, request with { Peek = Both(2) });
            Assert.Equal(plain.Sink.Tokens, calm.Sink.Tokens);

            using var decoder = new ReferenceDecoder(setup.Spec, 200, 4);
            var driver = new ProgramDriver(decoder);
            var rough = driver.Start(setup, request with { Peek = Both(2) });
            var random = new Random(seed);
            for (var i = 0; i < 60 && !rough.Done; i++)
            {
                var budget = 1 + random.Next(6);
                if (random.Next(3) == 0) driver.RunAndForget(rough, budget);
                else if (random.Next(5) == 0) rough.Evict();
                else driver.Step(rough, budget);
            }

            driver.Finish(rough, 3);
            Assert.Equal(plain.Sink.Tokens, rough.Sink.Tokens);
            Assert.Equal(Told(calm), Told(rough));
            rough.Memory.Free();
            Assert.Equal(0, decoder.KeptSets);
        }
    }

    [Theory]
    [InlineData(2, TokenChannel.Answer)]
    [InlineData(4, TokenChannel.Thought)]
    public void One_layer_is_seen_at_the_tokens_that_come_from_the_other(int layer, TokenChannel channel)
    {
        var run = Generate(TinySetup.Tas(), Request(3) with { Peek = new PeekOptions([layer], Top) });
        Assert.Equal(run.Sink.Tokens.Count(token => token.Channel == channel), run.Sink.Peeks.Count);
        Assert.All(run.Sink.Peeks, peek => Assert.Equal((channel, layer), (peek.Channel, peek.Peek.Layer)));
    }

    [Fact]
    public void Who_does_not_look_pays_nothing_and_who_does_pays_heads_but_no_layers()
    {
        var setup = TinySetup.Tas();
        var (rows, heads) = Work(setup, Request(2));
        var (looking, more) = Work(setup, Request(2) with { Peek = Both(2) });
        Assert.Equal(rows, looking);
        var run = Generate(setup, Request(2));
        var drawn = run.Sink.Tokens.Count + (run.Program.ThoughtClosedBy == ThoughtClosedBy.Model ? 1 : 0) + (run.Program.Finish == FinishReason.Stop ? 1 : 0);
        Assert.Equal(drawn, heads);
        // The thought row that drew its own end is none of a token's; an answer's end is looked at before it is known.
        Assert.Equal(heads + run.Sink.Tokens.Count + (run.Program.Finish == FinishReason.Stop ? 1 : 0), more);
    }

    [Fact]
    public void A_thought_that_is_replaced_takes_what_was_seen_of_it_along()
    {
        var setup = TinySetup.Tas();
        using var decoder = new ReferenceDecoder(setup.Spec, 200, 4);
        var driver = new ProgramDriver(decoder);
        var run = driver.Start(setup, Request(1) with { Peek = Both(2) });
        while (!run.Sink.Answer.Any() && !run.Done) driver.Step(run);
        Assert.True(run.Command(new ProgramCommand.ReplaceThought([1, 2, 3])));
        driver.Finish(run);
        Assert.Equal(run.Sink.Answer.Count(), run.Sink.Peeks.Count);
        var supplied = driver.Generate(setup, Request(1) with { Peek = Both(2), Thought = [1, 2, 3] });
        Assert.Equal(Told(supplied), Told(run));
    }

    private static (long[] Rows, int Heads) Work(TinySetup setup, GenerationRequest request)
    {
        using var decoder = new ReferenceDecoder(setup.Spec, 200, 4);
        var driver = new ProgramDriver(decoder);
        var run = driver.Start(setup, request);
        var heads = 0;
        while (!run.Done)
        {
            heads += driver.Plan(run, 3).HeadCount;
            driver.Step(run, 3);
        }

        return ([.. decoder.RowsRun], heads);
    }

    private static PeekOptions Both(int layer) => new([layer, 4], Top);

    private static GenerationRequest Request(int seed) => new() { Prompt = Prompt, MaxTokens = 16, ThoughtBudget = 6, Seed = (ulong)seed };

    private static ProgramRun Generate(TinySetup setup, GenerationRequest request, int budget = int.MaxValue)
    {
        using var decoder = new ReferenceDecoder(setup.Spec, 200, 4);
        return new ProgramDriver(decoder).Generate(setup, request, budget);
    }

    private static LayerPeek Seen(ProgramRun run, TokenChannel channel, int index) =>
        Assert.Single(run.Sink.Peeks, peek => peek.Channel == channel && peek.Index == index).Peek;

    private static void AssertSaid(double[] logprobs, int layer, LayerPeek peek)
    {
        Assert.Equal(layer, peek.Layer);
        var expected = logprobs.Select((logprob, id) => (Id: id, Logprob: (float)logprob)).OrderByDescending(token => token.Logprob).ThenBy(token => token.Id).Take(Top);
        Assert.Equal(expected, peek.Top.Select(token => (token.Token, token.Logprob)));
    }

    // In order of token, as text: lists compare by identity.
    private static List<string> Told(ProgramRun run) =>
    [
        .. run.Sink.Peeks.OrderBy(peek => peek.Channel).ThenBy(peek => peek.Index)
            .Select(peek => $"{peek.Channel} {peek.Index} {peek.Peek.Layer}: {string.Join(' ', peek.Peek.Top)}"),
    ];
}
