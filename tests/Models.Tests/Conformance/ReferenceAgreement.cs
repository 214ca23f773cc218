using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>
/// For every engine but the reference: the same batches through both give the same distributions, on models that use
/// what few families have.
/// </summary>
/// <param name="tolerance">Largest difference of a log-probability, relative to the largest of its row.</param>
public abstract class ReferenceAgreement(Func<DecoderSpec, int, IDecoder> create, double tolerance = 1e-4)
{
    private static readonly int[] Tokens = [5, 9, 1, 33, 60, 96, 0, 7, 41, 41, 2, 88, 13, 70, 25, 64, 3, 90, 11, 17];

    public static TheoryData<string, RowMask, int> Cases => new MatrixTheoryData<string, RowMask, int>(
        ["llama", "gpt2", "odd", "wide"], [RowMask.Causal, RowMask.Full], [RowGroup.NoAdapter, 0]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Distributions_agree(string model, RowMask mask, int adapter) => AssertAgree(
        Model(model).WithBitune(),
        harness => harness.Logprobs(harness.Prompt(Tokens) with { Mask = mask, Adapter = adapter }));

    [Theory]
    [InlineData("llama")]
    [InlineData("gpt2")]
    [InlineData("odd")]
    public void Blended_tables_agree(string model) => AssertAgree(Model(model).WithBitune(), harness =>
    {
        var causal = harness.Prompt(Tokens, harness.Table(Tokens.Length + 1)) with { Adapter = 0 };
        var full = harness.Prompt(Tokens) with { Mask = RowMask.Full, Adapter = 1 };
        harness.Run(causal, full, new KvBlend(causal.Kv, full.Kv, Tokens.Length, 0));
        return harness.Logprobs(causal with { Start = Tokens.Length, In = new TokenRows(new[] { 11 }) });
    });

    [Fact]
    public void An_emulator_and_its_student_agree() => AssertAgree(TinyMethods.IcotKd(), harness =>
    {
        var layers = harness.Spec.Layers.Count / 2;
        var f = harness.NewRows();
        var ops = new List<StepOp>();
        var (emulator, student) = (harness.Table(Tokens.Length, new LayerRange(0, layers)), harness.Table(Tokens.Length, new LayerRange(layers, 2 * layers)));
        var state = harness.NewRows();
        Stack(emulator, 0, 0, (i, z, replacement) => [new SideNetCall(0, i, i, z, new RowRef(f, i), state, replacement)]);
        var top = Stack(
            student,
            layers,
            1,
            (i, _, replacement) => [new SideNetCall(1, i, layers + i, new RowRef(f, i), replacement)]);
        harness.Run([.. ops]);
        return harness.Logprobs(0, top, Tokens.Length);

        // Row s is replaced before every layer; the others pass.
        Rows Stack(KvTable table, int lo, int embedding, Func<int, RowRef, RowRef, IEnumerable<StepOp>> replace)
        {
            var last = Tokens.Length - 1;
            var before = harness.NewRows();
            ops.Add(SeamConformance.Keeping(
                harness.Prompt(Tokens, table) with { Range = new LayerRange(lo, lo), In = new TokenRows(Tokens, embedding) }, before));
            for (var i = 0; i < layers; i++)
            {
                var (after, replaced) = (harness.NewRows(), harness.NewRows());
                ops.AddRange(replace(i, new RowRef(before, last), new RowRef(replaced, 0)));
                ops.Add(SeamConformance.Keeping(
                    harness.Prompt(Tokens, table) with
                    {
                        Range = new LayerRange(lo + i, lo + i + 1),
                        In = new JoinedRows([new KeptRows(before, 0, last), new KeptRows(replaced, 0, 1)]),
                    },
                    after));
                before = after;
            }

            return before;
        }
    });

    [Fact]
    public void Sampled_tokens_agree() => AssertAgree(TinyModels.Llama().WithTas(), harness =>
    {
        var rows = harness.NewRows();
        harness.Run(SeamConformance.Keeping(harness.Prompt(Tokens), rows));
        var results = Enumerable.Range(0, Tokens.Length).Select(i => harness.Run(new HeadCall(
            0, new RowRef(rows, i), new SampleSpec { Temperature = 1, TopP = 0.9f, TopK = 20, Seed = 7, Stream = 2, Index = (uint)i })).Heads[0]);
        return [[.. results.Select(result => (double)result.Token)]];
    });

    private static DecoderSpec Model(string name) => name switch
    {
        "llama" => TinyModels.Llama(),
        "gpt2" => TinyModels.Gpt2(),
        "odd" => TinyModels.Odd(),
        // No size a multiple of a vector's width.
        _ => TinyModels.Llama(new TinyShape { Seed = 9, Hidden = 90, Heads = 9, KvHeads = 3, Feed = 131, Layers = 2, Vocabulary = 211 }),
    };

    private void AssertAgree(DecoderSpec spec, Func<DecoderHarness, double[][]> run)
    {
        using var reference = new ReferenceDecoder(spec, 64);
        using var decoder = create(spec, 64);
        var (expected, found) = (run(new DecoderHarness(reference)), run(new DecoderHarness(decoder)));
        Assert.Equal(expected.Length, found.Length);
        for (var row = 0; row < expected.Length; row++)
        {
            var allowed = tolerance * expected[row].Max(Math.Abs);
            Assert.All(expected[row].Zip(found[row]), pair => Assert.Equal(pair.First, pair.Second, allowed));
        }
    }
}
