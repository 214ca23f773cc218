using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>
/// The nets beside the stack against PyTorch (tests/golden/make_nets.py): ICoT-KD's emulator, its student nets and
/// Quiet-STaR's mixing head, driven through the seam. Vectors carry the inputs in; heads without norm whose output is
/// the identity carry the rows out.
/// </summary>
public abstract class NetConformance(Func<DecoderSpec, int, IDecoder> create)
{
    private const int Hidden = 8;
    private const int Layers = 4;
    private const double Tolerance = 1e-5;

    [Theory]
    [InlineData("many", 3)]
    [InlineData("one", 1)]
    public void The_emulator_gives_the_states_and_rows_of_pytorch(string name, int components)
    {
        using var nets = Open();
        using var decoder = create(Spec(nets, components), 8);
        var harness = new DecoderHarness(decoder);
        var (inputs, states, outputs) = (harness.NewRows(), harness.NewRows(), harness.NewRows());
        harness.Run(Embed(harness, inputs, Layers));
        for (var i = 0; i < Layers; i++)
        {
            // Twice each: a repeated call must not disturb the recurrent state.
            var call = new SideNetCall(0, i, 0, new RowRef(inputs, i), new RowRef(outputs, 2 * i), states, new RowRef(outputs, (2 * i) + 1));
            harness.Run(call);
            harness.Run(call);
            AssertRow(nets, $"{name}.f.{i}", harness, outputs, 2 * i);
            AssertRow(nets, $"{name}.row.{i}", harness, outputs, (2 * i) + 1);
        }
    }

    [Fact]
    public void The_student_nets_give_the_rows_of_pytorch()
    {
        using var nets = Open();
        using var decoder = create(Spec(nets, components: 3), 8);
        var harness = new DecoderHarness(decoder);
        var (inputs, states, outputs) = (harness.NewRows(), harness.NewRows(), harness.NewRows());
        List<StepOp> ops = [Embed(harness, inputs, Layers)];
        for (var i = 0; i < Layers; i++)
        {
            ops.Add(new SideNetCall(0, i, 0, new RowRef(inputs, i), new RowRef(outputs, 2 * i), states));
            ops.Add(new SideNetCall(1, i, 0, new RowRef(outputs, 2 * i), new RowRef(outputs, (2 * i) + 1)));
        }

        harness.Run([.. ops]);
        for (var i = 0; i < Layers; i++) AssertRow(nets, $"student.g.{i}", harness, outputs, (2 * i) + 1);
    }

    [Fact]
    public void The_mixing_head_gives_the_weight_and_the_row_of_pytorch()
    {
        using var nets = Open();
        using var decoder = create(Spec(nets, components: 3), 8);
        var harness = new DecoderHarness(decoder);
        var rows = harness.NewRows();
        harness.Run(Embed(harness, rows, Layers + 2));
        var call = new HeadCall(0, new RowRef(rows, Layers + 1), new SampleSpec { TopLogprobs = Hidden }, new RowRef(rows, Layers));
        var result = harness.Run(call).Heads[0];
        Assert.Equal(Values(nets, "weight")[0], result.Mix, Tolerance);
        Assert.All(Expected(nets, "mixed").Zip(DecoderHarness.ById(result)), pair => Assert.Equal(pair.First, pair.Second, Tolerance));
    }

    private static SafetensorsFile Open() => SafetensorsFile.Open(Path.Combine(Path.GetDirectoryName(Golden.Root())!, "GoldenNets", "nets.safetensors"));

    // An empty range keeps the rows as they enter.
    private static RowGroup Embed(DecoderHarness harness, Rows rows, int count) => new(
        harness.Table(count),
        new LayerRange(0, 0),
        0,
        new JoinedRows([.. Enumerable.Range(0, count).Select(i => new VectorRows(i))]),
        RowMask.Causal,
        RowGroup.NoAdapter,
        new Keep(rows, 0, 0, count));

    private static void AssertRow(SafetensorsFile nets, string name, DecoderHarness harness, Rows rows, int index)
    {
        var call = new HeadCall(0, new RowRef(rows, index), new SampleSpec { TopLogprobs = Hidden });
        var found = DecoderHarness.ById(harness.Run(call).Heads[0]);
        Assert.All(Expected(nets, name).Zip(found), pair => Assert.Equal(pair.First, pair.Second, Tolerance));
    }

    private static double[] Expected(SafetensorsFile nets, string name) => Golden.LogSoftmax(Array.ConvertAll(Values(nets, name), value => (double)value));

    private static float[] Values(SafetensorsFile nets, string name)
    {
        var values = new float[nets.Get(name).Count];
        nets.Get(name).Read(0, values);
        return values;
    }

    private static DecoderSpec Spec(SafetensorsFile nets, int components)
    {
        var inputs = Values(nets, "inputs");
        var identity = new float[Hidden * Hidden];
        for (var i = 0; i < Hidden; i++) identity[(i * Hidden) + i] = 1;
        var tiny = TinyModels.Llama(new TinyShape { Hidden = Hidden, Heads = 2, KvHeads = 1, Layers = 1, Feed = 8, Vocabulary = Hidden });
        var output = new Linear(Matrix.Of(Tensor.FromArray("identity", [Hidden, Hidden], identity)));
        Linear Named(string name) => new(Matrix.Of(nets.Get($"{name}.weight")), nets.Contains($"{name}.bias") ? VectorWeight.Of(nets.Get($"{name}.bias")) : null);
        Linear Gates(string part) => new(
            Matrix.Of(nets.Get($"rnn.weight_{part}_l0")), VectorWeight.Of(nets.Get($"rnn.bias_{part}_l0")));
        (Linear, Linear)[] Pairs(string name) => [.. Enumerable.Range(0, Layers).Select(i => (Named($"{name}.{i}.0"), Named($"{name}.{i}.2")))];
        return tiny with
        {
            Heads = [new HeadSpec("identity", null, output)],
            Vectors = [.. inputs.Chunk(Hidden), Values(nets, "base"), Values(nets, "thought")],
            Mixers = [new MixerSpec([Named("talk.0"), Named("talk.2"), Named("talk.4")])],
            SideNets =
            [
                new EmulatorSpec(
                    Pairs("mlps"),
                    Matrix.Of(nets.Get("mixture")) with { Rows = components },
                    0.5f,
                    Gates("ih"),
                    Gates("hh"),
                    Named("key_proj"),
                    Named("query_proj"),
                    Named("out_proj")),
                new PerLayerMlpSpec(Pairs("student")),
            ],
        };
    }
}
