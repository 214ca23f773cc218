using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Thinking;
using InferenceServer.Models.Tokenization;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>What a TaS server must prove, on the trained checkpoint instead of random models.</summary>
public sealed class TasStoriesPropertyTests : IDisposable
{
    private const string Story = "Lucy has 30 coins. She finds 12 more. Then she loses 5 of them. How many coins does Lucy have in the end?";

    private readonly Checkpoint _checkpoint = Checkpoint.Open(Folder);
    private readonly TinySetup _setup;
    private readonly GenerationRequest _request;

    public TasStoriesPropertyTests()
    {
        var built = ModelBuilder.Build(_checkpoint);
        _setup = new TinySetup(built.Spec, built.Method.Block, built.EndOfTextIds.ToHashSet());
        _request = new GenerationRequest
        {
            Prompt = Tokenizer.Load(Folder).EncodeToIds(Story),
            MaxTokens = 80,
            Answering = SamplingOptions.Greedy,
            Thinking = SamplingOptions.Greedy,
        };
    }

    private static string Folder => Path.GetFullPath("../../../checkpoints/tas-stories", Golden.Root());

    private int Layer => _setup.Thinking.ThinkingLayer;

    public void Dispose() => _checkpoint.Dispose();

    [Fact]
    public void Two_passes_say_what_one_forward_over_everything_says()
    {
        using var decoder = new CpuDecoder(_setup.Spec, 64, new CpuOptions());
        var run = new ProgramDriver(decoder).Generate(_setup, _request);
        int[] thought = [.. run.Sink.Thought];
        int[] answer = [.. run.Sink.Answer];
        Assert.NotEmpty(thought);
        Assert.NotEmpty(answer);
        int[] all = [.. _request.Prompt, .. thought, _setup.Thinking.ThoughtEndTokenId!.Value, .. answer];

        using var second = new CpuDecoder(_setup.Spec, 64, new CpuOptions());
        var harness = new DecoderHarness(second);
        var thinking = harness.Logprobs(harness.Prompt(all) with { Range = new LayerRange(0, Layer) }, head: 1);
        var speaking = harness.Logprobs(harness.Prompt(all));
        float[] expected =
        [
            .. thought.Select((token, i) => (float)thinking[_request.Prompt.Count - 1 + i][token]),
            .. answer.Select((token, i) => (float)speaking[_request.Prompt.Count + thought.Length + i][token]),
        ];
        Assert.Equal(expected, run.Sink.Tokens.Select(token => token.Logprob));
    }

    [Fact]
    public void The_thought_knows_nothing_of_the_upper_layers_and_the_answer_nothing_of_the_thinking_head()
    {
        var spec = _setup.Spec;
        var upside = _setup with { Spec = spec with { Layers = [.. spec.Layers.Take(Layer), .. spec.Layers.Take(Layer)], Heads = [spec.Heads[1], spec.Heads[1]] } };
        var thoughts = Generate(_setup, _request).Sink.Tokens.Where(token => token.Channel == TokenChannel.Thought);
        Assert.Equal(thoughts, Generate(upside, _request).Sink.Tokens.Where(token => token.Channel == TokenChannel.Thought));

        var given = _request with { Thought = [.. Generate(_setup, _request).Sink.Thought] };
        var headless = _setup with { Spec = spec with { Heads = [spec.Heads[0], spec.Heads[0]] } };
        Assert.Equal(Generate(_setup, given).Sink.Tokens, Generate(headless, given).Sink.Tokens);
    }

    [Fact]
    public void Thinking_after_all_layers_with_the_last_head_is_ordinary_decoding()
    {
        var spec = _setup.Spec;
        var whole = _setup with
        {
            Spec = spec with { Cuts = [], Heads = [spec.Heads[0], spec.Heads[0]] },
            Thinking = _setup.Thinking with { ThinkingLayer = spec.Layers.Count },
        };
        var plain = _setup with { Spec = spec with { Cuts = [] }, Thinking = new ThinkingBlock { Method = ThinkingMethod.Plain } };
        var spoken = Generate(plain, _request).Sink.Answer.TakeWhile(token => token != _setup.Thinking.ThoughtEndTokenId);
        Assert.Equal(spoken, Generate(whole, _request).Sink.Thought);
    }

    [Fact]
    public void No_layer_runs_twice_for_a_token()
    {
        using var decoder = new ReferenceDecoder(_setup.Spec, 64);
        var run = new ProgramDriver(decoder).Generate(_setup, _request);
        Assert.Equal(FinishReason.Stop, run.Program.Finish);
        var fed = _request.Prompt.Count + run.Sink.Thought.Count() + 1 + run.Sink.Answer.Count();
        Assert.All(decoder.RowsRun, rows => Assert.Equal(fed, rows));
    }

    [Fact]
    public void Stopped_anywhere_and_tried_again_it_says_the_same()
    {
        var expected = Generate(_setup, _request).Sink.Tokens;
        using var decoder = new CpuDecoder(_setup.Spec, 4096, new CpuOptions());
        for (var steps = 0; steps < expected.Count; steps += 3)
        {
            var driver = new ProgramDriver(decoder);
            var stopped = driver.Start(_setup, _request);
            for (var i = 0; i < steps && !stopped.Done; i++) driver.Step(stopped, 8);
            Assert.Equal(expected, new ProgramDriver(decoder).Generate(_setup, _request).Sink.Tokens);
        }
    }

    private static ProgramRun Generate(TinySetup setup, GenerationRequest request)
    {
        using var decoder = new CpuDecoder(setup.Spec, 64, new CpuOptions());
        return new ProgramDriver(decoder).Generate(setup, request);
    }
}
