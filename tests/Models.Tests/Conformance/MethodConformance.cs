using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>What adapters, blends, mixtures and substituted rows must do in every engine.</summary>
/// <param name="tolerance">0 for an engine that keeps a row's bits; else how near its numbers come (<see cref="Agreement"/>).</param>
public abstract class MethodConformance(Func<DecoderSpec, int, IDecoder> create, double tolerance = 0)
{
    private static readonly int[] Tokens = [5, 9, 1, 33, 60, 96, 0, 7, 41, 41, 2, 88, 13, 70, 25, 64, 3, 90];

    [Fact]
    public void Groups_with_different_adapters_share_a_step_and_keep_their_bits()
    {
        using var decoder = create(TinyModels.Llama().WithBitune(), 64);
        var harness = new DecoderHarness(decoder);
        RowGroup With(int adapter) => harness.Prompt(Tokens) with { Adapter = adapter };
        double[][][] alone = [.. new[] { RowGroup.NoAdapter, 0, 1 }.Select(adapter => harness.Logprobs(With(adapter)))];
        Assert.NotEqual(alone[0][0], alone[1][0]);
        Assert.NotEqual(alone[1][0], alone[2][0]);

        Rows[] rows = [harness.NewRows(), harness.NewRows(), harness.NewRows()];
        harness.Run([.. rows.Select((kept, i) => SeamConformance.Keeping(With(i - 1), kept))]);
        for (var i = 0; i < rows.Length; i++) Agreement.Same(alone[i], harness.Logprobs(0, rows[i], Tokens.Length), tolerance);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public void A_blend_of_nothing_or_everything_is_one_of_the_two_tables(float alpha)
    {
        var spec = TinyModels.Llama().WithBitune();
        var all = Enumerable.Repeat(alpha, spec.Layers.Count).ToArray();
        using var decoder = create(spec with { Blends = [new BlendSpec(all, all)] }, 64);
        var harness = new DecoderHarness(decoder);
        var (causal, full) = (harness.Prompt(Tokens), harness.Prompt(Tokens) with { Mask = RowMask.Full, Adapter = 1 });
        harness.Run(causal, full);
        var next = harness.Logprobs(Next(alpha == 0 ? causal.Kv : full.Kv, 11));

        var (blendCausal, blendFull) = (causal with { Kv = harness.Table(Tokens.Length + 1) }, full with { Kv = harness.Table(Tokens.Length) });
        harness.Run(blendCausal, blendFull, new KvBlend(blendCausal.Kv, blendFull.Kv, harness.Spec.AllLayers, Tokens.Length, 0));
        Agreement.Same(next, harness.Logprobs(Next(blendCausal.Kv, 11)), tolerance);

        RowGroup Next(KvTable table, int token)
        {
            harness.Grow(table, Tokens.Length + 1, spec.AllLayers);
            return causal with { Kv = table, Start = Tokens.Length, In = new TokenRows(new[] { token }) };
        }
    }

    [Fact]
    public void A_blend_stops_where_it_is_told()
    {
        using var decoder = create(TinyModels.Llama().WithBitune(), 64);
        var harness = new DecoderHarness(decoder);
        var (into, from) = (harness.Prompt(Tokens), harness.Prompt([.. Tokens.Reverse()]));
        harness.Run(into, from);
        var next = into with { Start = Tokens.Length - 1, In = new TokenRows(new[] { 12 }) };
        var before = harness.Logprobs(next);
        harness.Run(new KvBlend(into.Kv, from.Kv, harness.Spec.AllLayers, 0, 0));
        Agreement.Same(before, harness.Logprobs(next), tolerance);
        harness.Run(new KvBlend(into.Kv, from.Kv, harness.Spec.AllLayers, 1, 0));
        Assert.NotEqual(before, harness.Logprobs(next));
    }

    [Fact]
    public void A_mixture_of_weight_zero_is_the_base_row()
    {
        var spec = TinyModels.Llama().WithQuietStar();
        var mixer = spec.Mixers[0].Layers;
        var silent = new Linear(Matrix.Of(Tensor.FromArray("zero", [1, spec.HiddenSize], new float[spec.HiddenSize])));
        using var decoder = create(spec with { Mixers = [new MixerSpec([mixer[0], mixer[1], silent]), spec.Mixers[0]] }, 16);
        var harness = new DecoderHarness(decoder);
        var rows = harness.NewRows();
        harness.Run(SeamConformance.Keeping(harness.Prompt(Tokens), rows));
        HeadResult Call(int from, int? mixBase, int mixer) => harness.Run(new HeadCall(
            0,
            new RowRef(rows, from),
            new SampleSpec { TopLogprobs = spec.VocabularySize },
            mixBase is { } index ? new RowRef(rows, index) : null,
            mixer)).Heads[0];

        var plain = Call(3, null, 0);
        Agreement.Same([DecoderHarness.ById(plain)], [DecoderHarness.ById(Call(7, 3, 0))], tolerance);
        var mixed = Call(7, 3, 1);
        Assert.NotEqual(0, mixed.Mix);
        Assert.NotEqual(plain.Top, mixed.Top);
    }

    [Fact]
    public void Substituting_a_row_by_itself_at_every_layer_is_an_ordinary_prefill()
    {
        // ICoT-KD's student: row s leaves before every layer and comes back joined to the others.
        using var decoder = create(TinyModels.Gpt2(), 16);
        var harness = new DecoderHarness(decoder);
        var expected = harness.Logprobs(harness.Prompt(Tokens));
        var table = harness.Table(Tokens.Length);
        var last = Tokens.Length - 1;
        var states = Enumerable.Range(0, harness.Spec.Layers.Count + 1).Select(_ => harness.NewRows()).ToArray();
        List<StepOp> ops = [SeamConformance.Keeping(harness.Prompt(Tokens, table) with { Range = new LayerRange(0, 0) }, states[0])];
        for (var layer = 0; layer < harness.Spec.Layers.Count; layer++)
        {
            var rows = new JoinedRows([new KeptRows(states[layer], 0, last), new KeptRows(states[layer], last, 1)]);
            var group = harness.Prompt(Tokens, table) with { Range = new LayerRange(layer, layer + 1), In = rows };
            ops.Add(SeamConformance.Keeping(group, states[layer + 1]));
        }

        harness.Run([.. ops]);
        Agreement.Same(expected, harness.Logprobs(0, states[^1], Tokens.Length), tolerance);
    }
}
