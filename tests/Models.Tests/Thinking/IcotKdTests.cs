using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>What ICoT-KD promises (arXiv 2311.01460), through the program.</summary>
public class IcotKdTests
{
    private static readonly GenerationRequest Request = new() { Prompt = [3, 14, 15, 9, 27], MaxTokens = 6, Answering = SamplingOptions.Greedy };

    [Fact]
    public void With_the_students_own_states_substituted_it_is_the_student_alone()
    {
        var setup = TinySetup.IcotKd();
        var student = Student(setup);
        var own = OwnStates(student);

        // Nets that say the same whatever they are given.
        var nets = (PerLayerMlpSpec)setup.Spec.SideNets[1];
        var constant = new PerLayerMlpSpec([.. nets.Mlps.Select((mlp, layer) => (mlp.In, Constant(mlp.Out, own[layer])))]);
        var substituted = setup with { Spec = setup.Spec with { SideNets = [setup.Spec.SideNets[0], constant] } };
        var expected = Generate(student, Request).Sink.Tokens;
        var found = Generate(substituted, Request).Sink.Tokens;
        Assert.Equal(expected.Select(token => token.Token), found.Select(token => token.Token));
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First.Logprob, pair.Second.Logprob, 1e-5));
        Assert.NotEqual(expected.Select(token => token.Logprob), Generate(setup, Request).Sink.Tokens.Select(token => token.Logprob));
    }

    [Fact]
    public void There_is_no_thought_and_a_token_costs_one_row_of_the_student()
    {
        var setup = TinySetup.IcotKd() with { EndOfSequence = new HashSet<int>() };
        using var decoder = new ReferenceDecoder(setup.Spec, 100, 4);
        var run = new ProgramDriver(decoder).Generate(setup, Request);
        Assert.Empty(run.Sink.Thought);
        Assert.Equal(Request.MaxTokens, run.Sink.Answer.Count());
        var half = setup.Spec.Layers.Count / 2;
        Assert.Equal(Request.Prompt.Count, decoder.RowsRun[0]);
        Assert.Equal(Request.Prompt.Count + Request.MaxTokens - 1, decoder.RowsRun[half]);
    }

    private static TinySetup Student(TinySetup setup)
    {
        var half = setup.Spec.Layers.Count / 2;
        return setup with
        {
            Spec = setup.Spec with { Layers = [.. setup.Spec.Layers.Skip(half)], Embeddings = [setup.Spec.Embeddings[1]], Cuts = [], SideNets = [] },
            Thinking = new ThinkingBlock(),
        };
    }

    /// <summary>The state at the last prompt token before each layer, [layers][hidden].</summary>
    private static float[][] OwnStates(TinySetup student)
    {
        using var decoder = new ReferenceDecoder(student.Spec, 100, 4);
        var harness = new DecoderHarness(decoder);
        var states = new float[student.Spec.Layers.Count][];
        for (var layer = 0; layer < states.Length; layer++)
        {
            var rows = harness.NewRows();
            harness.Run(harness.Prompt([.. Request.Prompt]) with { Range = new LayerRange(0, layer), Keep = new Keep(rows, 0, Request.Prompt.Count - 1, 1) });
            states[layer] = decoder.Kept(new RowRef(rows, 0));
        }

        return states;
    }

    private static Linear Constant(Linear linear, float[] value) => new(
        Matrix.Of(Tensor.FromArray("zero", [linear.Outputs, linear.Inputs], new float[linear.Outputs * linear.Inputs])),
        VectorWeight.Of(Tensor.FromArray("value", [value.Length], value)));

    private static ProgramRun Generate(TinySetup setup, GenerationRequest request)
    {
        using var decoder = new ReferenceDecoder(setup.Spec, 100, 4);
        return new ProgramDriver(decoder).Generate(setup with { EndOfSequence = new HashSet<int>() }, request);
    }
}
