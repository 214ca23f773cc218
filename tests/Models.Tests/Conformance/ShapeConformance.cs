using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>Every part of the seam, run on an engine and on the reference side by side, in many shapes.</summary>
/// <param name="create">From spec, pages, and positions of a page.</param>
public abstract class ShapeConformance(Func<DecoderSpec, int, int, IDecoder> create)
{
    private const double Tolerance = 2e-4;

    private static readonly int[] Tokens = [.. Enumerable.Range(0, 70).Select(i => (i * 37 + (i * i % 11)) % 97)];

    public static TheoryData<string, int, int, int, int?> Shapes => new()
    {
        // model, hidden, heads, kv heads, head size where it is not hidden / heads
        { "llama", 64, 4, 2, null },
        { "llama", 24, 3, 3, null },
        { "llama", 160, 2, 1, null },
        { "llama", 160, 10, 2, null },
        { "llama", 256, 2, 1, null },
        { "gpt2", 40, 1, 1, null },
        { "gpt2", 192, 3, 3, null },
        { "odd", 64, 4, 2, null },
        { "odd", 80, 5, 1, null },
        { "odd", 64, 2, 1, 256 },
        { "llama", 48, 8, 1, 256 },
        { "llama", 96, 3, 3, 80 },
        { "scaled", 64, 4, 2, null },
        { "scaled", 72, 2, 2, 50 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Long_prompts_agree_for_many_shapes(string model, int hidden, int heads, int kvHeads, int? headDim)
    {
        var shape = new TinyShape { Hidden = hidden, Heads = heads, KvHeads = kvHeads, WideHead = headDim, Feed = (2 * hidden) + 5, Layers = 2 };
        var spec = model switch
        {
            "llama" => TinyModels.Llama(shape),
            "gpt2" => TinyModels.Gpt2(shape),
            "scaled" => TinyModels.Scaled(shape),
            _ => TinyModels.Odd(shape),
        };
        foreach (var mask in Enum.GetValues<RowMask>())
            Both(spec, harness => harness.Logprobs(harness.Prompt(Tokens) with { Mask = mask }));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    [InlineData(48)]
    public void Pages_of_any_size_agree(int pageTokens) =>
        Both(TinyModels.Odd(), harness => harness.Logprobs(harness.Prompt(Tokens)), pageTokens);

    [Fact]
    public void Bitune_agrees_from_both_passes_to_the_answer() => Both(TinyModels.Llama().WithBitune(), harness =>
    {
        var (causal, full) = (harness.Table(Tokens.Length + 1), harness.Table(Tokens.Length));
        var prompt = harness.Prompt(Tokens, causal) with { Adapter = 0 };
        harness.Run(
            prompt,
            prompt with { Kv = full, Mask = RowMask.Full, Adapter = 1 },
            new KvBlend(causal, full, prompt.Range, Tokens.Length, 0));
        return harness.Logprobs(prompt with { Start = Tokens.Length, In = new TokenRows(new[] { 7 }) });
    });

    [Fact]
    public void Rows_with_different_adapters_agree_in_one_step() => Both(TinyModels.Gpt2().WithBitune(), harness =>
    {
        var rows = Enumerable.Range(0, 4).Select(_ => harness.NewRows()).ToArray();
        int[] adapters = [1, RowGroup.NoAdapter, 0, 0];
        harness.Run([.. rows.Select((kept, i) =>
            SeamConformance.Keeping(harness.Prompt(Tokens[i..(i + 5)]) with { Adapter = adapters[i] }, kept))]);
        return [.. rows.SelectMany(kept => harness.Logprobs(0, kept, 5))];
    });

    [Fact]
    public void Quiet_star_agrees_in_its_mixture() => Both(TinyModels.Llama().WithQuietStar(), harness =>
    {
        var (rows, thoughts) = (harness.NewRows(), harness.NewRows());
        var prompt = harness.Prompt(Tokens, harness.Table(Tokens.Length + 9)) with { Keep = new Keep(rows, 0, Tokens.Length - 1, 1) };
        harness.Run(prompt);
        RowSource thought = new JoinedRows([new VectorRows(0), new TokenRows(Tokens.AsMemory(3, 5)), new VectorRows(1)]);
        harness.Run(prompt with { Start = Tokens.Length, In = thought, Keep = new Keep(thoughts, 0, 6, 1) });
        var everything = new SampleSpec { TopLogprobs = harness.Spec.VocabularySize };
        var results = harness.Run(
            new HeadCall(0, new RowRef(thoughts, 0), everything, new RowRef(rows, 0)),
            new HeadCall(0, new RowRef(rows, 0), everything)).Heads;
        Assert.NotEqual(0, results[0].Mix);
        Assert.Equal(0, results[1].Mix);
        return [[results[0].Mix], DecoderHarness.ById(results[0]), DecoderHarness.ById(results[1])];
    });

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Icot_kd_agrees_for_two_sequences_in_one_step(int mixtures) => Both(TinyMethods.IcotKd(mixtures: mixtures), harness =>
    {
        const int Layers = 4;
        var ops = new List<StepOp>();
        var tops = new List<Rows>();
        foreach (var length in (int[])[5, 3])
        {
            var table = harness.Table(length);
            var (x, emulator, state) = (harness.NewRows(), harness.NewRows(), harness.NewRows());
            var (g, y) = (harness.NewRows(), harness.NewRows());
            var tokens = Tokens.AsMemory(length, length);
            var group = new RowGroup(table, new LayerRange(0, 0), 0, new TokenRows(tokens), RowMask.Causal, RowGroup.NoAdapter, null);
            ops.Add(group with { Keep = new Keep(x, 0, 0, length) });
            for (var i = 0; i < Layers; i++)
            {
                var separator = new RowRef(x, length - 1);
                ops.Add(new SideNetCall(0, i, i, separator, new RowRef(emulator, i), state, separator));
                ops.Add(new SideNetCall(1, i, i, new RowRef(emulator, i), new RowRef(g, i)));
                ops.Add(group with { Range = new LayerRange(i, i + 1), In = new KeptRows(x, 0, length), Keep = new Keep(x, 0, 0, length) });
            }

            for (var i = 0; i < Layers; i++)
            {
                RowSource source = i == 0
                    ? new JoinedRows([new TokenRows(tokens[..^1], 1), new KeptRows(g, i, 1)])
                    : new JoinedRows([new KeptRows(y, 0, length - 1), new KeptRows(g, i, 1)]);
                ops.Add(group with { Range = new LayerRange(Layers + i, Layers + i + 1), In = source, Keep = new Keep(y, 0, 0, length) });
            }

            tops.Add(y);
        }

        harness.Run([.. ops]);
        return [.. harness.Logprobs(0, tops[0], 5), .. harness.Logprobs(0, tops[1], 3)];
    });

    [Fact]
    public void Sampled_tokens_agree() => Both(TinyModels.Llama(), harness =>
    {
        var rows = harness.NewRows();
        harness.Run(SeamConformance.Keeping(harness.Prompt(Tokens), rows));
        var calls = Enumerable.Range(0, Tokens.Length).Select(i => new HeadCall(
            0, new RowRef(rows, i), new SampleSpec { Temperature = 0.8f, TopP = 0.9f, Seed = 5, Index = (uint)i }));
        return [[.. harness.Run([.. calls]).Heads.Select(result => (double)result.Token)]];
    });

    private void Both(DecoderSpec spec, Func<DecoderHarness, double[][]> run, int pageTokens = KvGeometry.DefaultPageTokens)
    {
        using var reference = new ReferenceDecoder(spec, 200, pageTokens);
        using var decoder = create(spec, 200, pageTokens);
        var (expected, found) = (run(new DecoderHarness(reference)), run(new DecoderHarness(decoder)));
        Assert.Equal(expected.Length, found.Length);
        for (var row = 0; row < expected.Length; row++)
        {
            Assert.Equal(expected[row].Length, found[row].Length);
            for (var i = 0; i < expected[row].Length; i++)
            {
                Assert.True(
                    Math.Abs(expected[row][i] - found[row][i]) <= Tolerance * (1 + Math.Abs(expected[row][i])),
                    $"Row {row}, value {i}: reference {expected[row][i]}, engine {found[row][i]}.");
            }
        }
    }
}
