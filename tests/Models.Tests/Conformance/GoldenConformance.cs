using InferenceServer.Models.Architectures;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>
/// Every engine, on checkpoints whose logits an independent implementation computed: from file to distribution, whole
/// prompts, chunks, single tokens, and the thinking head of TaS.
/// </summary>
public abstract class GoldenConformance(Func<DecoderSpec, int, IDecoder> create)
{
    public static TheoryData<string> Names => Golden.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Logits_of_a_whole_prompt_agree_at_every_position(string name)
    {
        using var golden = Golden.Open(name);
        using var decoder = create(golden.Model.Spec, 64);
        var harness = new DecoderHarness(decoder);
        Golden.AssertClose(golden.Logits, harness.Logprobs(harness.Prompt(golden.Tokens)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Logits_agree_when_the_prompt_comes_token_by_token(string name)
    {
        using var golden = Golden.Open(name);
        using var decoder = create(golden.Model.Spec, 64);
        var harness = new DecoderHarness(decoder);
        var prompt = harness.Prompt(golden.Tokens);
        var rows = golden.Tokens.Select((token, i) => harness.Logprobs(prompt with { Start = i, In = new TokenRows(new[] { token }) })[0]);
        Golden.AssertClose(golden.Logits, [.. rows]);
    }

    [Theory]
    [InlineData("tas")]
    [InlineData("tas-shared")]
    [InlineData("gemma-tas")]
    [InlineData("granite-tas")]
    [InlineData("phi-tas")]
    public void Thinking_logits_agree_and_the_rows_continue_upwards(string name)
    {
        using var golden = Golden.Open(name);
        using var decoder = create(golden.Model.Spec, 64);
        var harness = new DecoderHarness(decoder);
        var layer = golden.ThinkingLayer;
        Assert.Equal([layer], golden.Model.Spec.Cuts);

        var rows = harness.NewRows();
        var lower = harness.Prompt(golden.Tokens) with { Range = new LayerRange(0, layer), Keep = new Keep(rows, 0, 0, golden.Tokens.Length) };
        harness.Run(lower);
        Golden.AssertClose(golden.ThinkingLogits!, harness.Logprobs(TasHeads.Head, rows, golden.Tokens.Length));

        var upper = lower with
        {
            Range = new LayerRange(layer, golden.Model.Spec.Layers.Count),
            In = new KeptRows(rows, 0, golden.Tokens.Length),
        };
        Golden.AssertClose(golden.Logits, harness.Logprobs(upper));
    }
}
