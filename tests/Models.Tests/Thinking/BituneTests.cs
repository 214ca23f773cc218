using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>What Bitune promises (arXiv 2405.14862), through the program.</summary>
public class BituneTests
{
    private static readonly GenerationRequest Request = new() { Prompt = [3, 14, 15, 9, 2, 6], MaxTokens = 6, Answering = SamplingOptions.Greedy };

    [Fact]
    public void With_alpha_zero_it_is_the_causal_adapter_bit_for_bit()
    {
        var setup = WithAlpha(TinySetup.Bitune(), 0);
        Assert.Equal(ByHand(setup, bidirectional: false), Logprobs(setup));
    }

    [Fact]
    public void With_alpha_one_the_answer_reads_the_unmasked_pass_alone()
    {
        var setup = WithAlpha(TinySetup.Bitune(), 1);
        Assert.Equal(ByHand(setup, bidirectional: true), Logprobs(setup));
        Assert.NotEqual(ByHand(setup, bidirectional: false), Logprobs(setup));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(11)]
    [InlineData(20)]
    [InlineData(31)]
    public void Any_row_budget_cuts_by_layers_and_changes_nothing(int budget)
    {
        var setup = TinySetup.Bitune();
        using var decoder = new ReferenceDecoder(setup.Spec, 100, 4);
        var driver = new ProgramDriver(decoder);
        Assert.Equal(driver.Generate(setup, Request).Sink.Tokens, driver.Generate(setup, Request, budget).Sink.Tokens);
    }

    [Fact]
    public void The_second_to_last_token_reaches_the_first_and_the_last_reaches_none()
    {
        var setup = TinySetup.Bitune();
        Assert.NotEqual(FirstKey([3, 14, 15, 9, 2, 6]), FirstKey([3, 14, 15, 9, 7, 6]));
        Assert.Equal(FirstKey([3, 14, 15, 9, 2, 6]), FirstKey([3, 14, 15, 9, 2, 8]));

        // What layers above see of position 0, read through a probe row behind the prompt.
        double[] FirstKey(int[] prompt)
        {
            using var decoder = new ReferenceDecoder(setup.Spec, 100, 4);
            var driver = new ProgramDriver(decoder);
            var run = driver.Start(setup, Request with { Prompt = prompt });
            driver.Step(run);
            var harness = new DecoderHarness(decoder);
            Assert.True(driver.Ledger.TryReserve(run.Memory.Tables[0], setup.Spec.AllLayers, 2));
            return harness.Logprobs(new RowGroup(run.Memory.Tables[0], setup.Spec.AllLayers, 1, new TokenRows(new[] { 5 }), RowMask.Causal, 0, null))[0];
        }
    }

    [Fact]
    public void After_the_prompt_the_second_adapter_and_table_are_never_used()
    {
        var setup = TinySetup.Bitune();
        using var decoder = new ReferenceDecoder(setup.Spec, 100, 4);
        var driver = new ProgramDriver(decoder);
        var run = driver.Start(setup, Request);
        driver.Step(run);
        Assert.Empty(run.Memory.Tables[1].Pages(0));
        while (!run.Done)
        {
            Assert.All(driver.Plan(run, 9).Ops.OfType<RowGroup>(), group => Assert.Equal((0, run.Memory.Tables[0]), (group.Adapter, group.Kv)));
            driver.Step(run, 9);
        }
    }

    [Fact]
    public void A_prompt_of_one_token_has_nothing_to_blend()
    {
        var setup = TinySetup.Bitune();
        using var decoder = new ReferenceDecoder(setup.Spec, 100, 4);
        var driver = new ProgramDriver(decoder);
        Assert.DoesNotContain(driver.Plan(driver.Start(setup, Request with { Prompt = [3] }), 9).Ops, op => op is KvBlend);
    }

    private static TinySetup WithAlpha(TinySetup setup, float alpha)
    {
        float[] all = [.. setup.Spec.Layers.Select(_ => alpha)];
        return setup with { Spec = setup.Spec with { Blends = [new BlendSpec(all, all)] } };
    }

    private static float[] Logprobs(TinySetup setup)
    {
        using var decoder = new ReferenceDecoder(setup.Spec, 100, 4);
        return [.. new ProgramDriver(decoder).Generate(setup, Request).Sink.Tokens.Select(token => token.Logprob)];
    }

    // Greedy decoding on one KV table: the prompt but its last token unmasked with adapter 1, or causal with adapter 0.
    private static float[] ByHand(TinySetup setup, bool bidirectional)
    {
        using var decoder = new ReferenceDecoder(setup.Spec, 100, 4);
        var harness = new DecoderHarness(decoder);
        var table = harness.Table(20);
        var prompt = harness.Prompt([.. Request.Prompt.SkipLast(1)], table);
        harness.Run(bidirectional ? prompt with { Mask = RowMask.Full, Adapter = 1 } : prompt with { Adapter = 0 });
        var logprobs = new List<float>();
        var token = Request.Prompt[^1];
        for (var position = Request.Prompt.Count - 1; logprobs.Count < Request.MaxTokens; position++)
        {
            var row = harness.Logprobs(prompt with { Start = position, In = new TokenRows(new[] { token }), Adapter = 0 })[0];
            token = Array.IndexOf(row, row.Max());
            if (setup.EndOfSequence.Contains(token)) break;
            logprobs.Add((float)row[token]);
        }

        return [.. logprobs];
    }
}
