using InferenceServer.Models.Constraints.Tokens;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>
/// What every engine must do, whatever its arithmetic: a row's bits do not depend on chunking, company or the layer
/// range it stops at; masks, adapters and blends mean what they say. Tiny random models.
/// </summary>
/// <param name="tolerance">0 for an engine that keeps a row's bits; else how near its numbers come (<see cref="Agreement"/>).</param>
public abstract class SeamConformance(Func<DecoderSpec, int, IDecoder> create, double tolerance = 0)
{
    private static readonly int[] Tokens = [5, 9, 1, 33, 60, 96, 0, 7, 41, 41, 2, 88, 13, 70, 25, 64, 3, 90, 11, 17];

    public static TheoryData<string> Models => ["llama", "gpt2", "odd"];

    private static LayerRange Lower { get; } = new(0, 2);

    private static LayerRange Upper { get; } = new(2, 4);

    [Theory]
    [MemberData(nameof(Models))]
    public void Chunks_give_the_same_bits_as_the_whole_prompt(string model)
    {
        using var decoder = create(Model(model), 16);
        var harness = new DecoderHarness(decoder);
        var whole = harness.Logprobs(harness.Prompt(Tokens));
        var table = harness.Table(Tokens.Length);
        var rows = new List<double[]>();
        foreach (var (from, count) in new[] { (0, 3), (3, 1), (4, 13), (17, 3) })
        {
            var chunk = harness.Prompt(Tokens[from..(from + count)], table) with { Start = from };
            rows.AddRange(harness.Logprobs(chunk));
        }

        Agreement.Same(whole, rows, tolerance);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_batch_gives_every_sequence_the_bits_it_has_alone(string model)
    {
        using var decoder = create(Model(model).WithTas(), 64);
        var harness = new DecoderHarness(decoder);
        var alone = harness.Logprobs(harness.Prompt(Tokens));

        var (mine, other, thought) = (harness.NewRows(), harness.NewRows(), harness.NewRows());
        var prompt = harness.Prompt(Tokens);
        harness.Run(
            Keeping(harness.Prompt([.. Tokens.Reverse()]), other),
            Keeping(prompt, mine),
            Keeping(harness.Prompt(Tokens[..5]) with { Range = Lower }, thought));
        Agreement.Same(alone, harness.Logprobs(0, mine, Tokens.Length), tolerance);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Lower_then_upper_layers_give_the_same_bits_as_all_layers(string model)
    {
        using var decoder = create(Model(model).WithTas(), 32);
        var harness = new DecoderHarness(decoder);
        var oneShot = harness.Logprobs(harness.Prompt(Tokens));

        var rows = harness.NewRows();
        var table = harness.Table(Tokens.Length);
        var lower = Keeping(harness.Prompt(Tokens, table) with { Range = Lower }, rows);
        harness.Run(lower);
        Assert.Equal(Tokens.Length, table.Length(Lower));
        Assert.Equal(0, table.Length(Upper));
        var first = harness.Logprobs(lower with { Range = Upper, In = new KeptRows(rows, 0, 7), Keep = null });
        var second = harness.Logprobs(lower with { Range = Upper, Start = 7, In = new KeptRows(rows, 7, Tokens.Length - 7), Keep = null });
        Agreement.Same(oneShot, [.. first, .. second], tolerance);
    }

    [Fact]
    public void Rows_may_leave_and_enter_at_a_boundary_within_one_step()
    {
        using var decoder = create(Model("llama").WithTas(), 32);
        var harness = new DecoderHarness(decoder);
        var oneShot = harness.Logprobs(harness.Prompt(Tokens));

        var (kept, top) = (harness.NewRows(), harness.NewRows());
        var lower = Keeping(harness.Prompt(Tokens) with { Range = Lower }, kept);
        var upper = Keeping(lower with { Range = Upper, In = new KeptRows(kept, 0, Tokens.Length) }, top);
        harness.Run(lower, upper);
        Agreement.Same(oneShot, harness.Logprobs(0, top, Tokens.Length), tolerance);
    }

    [Fact]
    public void A_full_mask_lets_earlier_rows_see_later_ones()
    {
        using var decoder = create(Model("llama"), 32);
        var harness = new DecoderHarness(decoder);
        int[] changed = [.. Tokens[..^1], 50];
        double[] First(int[] tokens, RowMask mask) => harness.Logprobs(harness.Prompt(tokens) with { Mask = mask })[0];
        Agreement.Same([First(Tokens, RowMask.Causal)], [First(changed, RowMask.Causal)], tolerance);
        Assert.NotEqual(First(Tokens, RowMask.Full), First(changed, RowMask.Full));
        var last = harness.Logprobs(harness.Prompt(Tokens[..1]) with { Mask = RowMask.Full });
        Agreement.Same(harness.Logprobs(harness.Prompt(Tokens[..1])), last, tolerance);
    }

    [Fact]
    public void A_window_hides_what_lies_behind_it()
    {
        var spec = Model("odd");
        using var decoder = create(spec with { Layers = [spec.Layers[0]] }, 32);
        var harness = new DecoderHarness(decoder);
        int[] changed = [50, .. Tokens[1..]];
        var (before, after) = (harness.Logprobs(harness.Prompt(Tokens)), harness.Logprobs(harness.Prompt(changed)));
        var window = spec.Layers[0].Attention.Window!.Value;
        Assert.NotEqual(before[window - 1], after[window - 1]);
        Agreement.Same(before[window..], after[window..], tolerance);
    }

    [Fact]
    public void Overwritten_positions_leave_no_trace()
    {
        using var decoder = create(Model("llama"), 16);
        var harness = new DecoderHarness(decoder);
        var expected = harness.Logprobs(harness.Prompt(Tokens));
        var prompt = harness.Prompt(Tokens);
        harness.Run(prompt with { In = new TokenRows(Tokens.Reverse().ToArray()) });
        Agreement.Same(expected, harness.Logprobs(prompt), tolerance);
    }

    [Fact]
    public void Copied_pages_continue_like_the_original()
    {
        using var decoder = create(Model("llama"), 8);
        var harness = new DecoderHarness(decoder);
        var original = harness.Prompt(Tokens[..^1]);
        harness.Run(original);
        var copy = harness.Table(Tokens.Length);
        decoder.CopyPages([.. original.Kv.Pages(0).Zip(copy.Pages(0))]);
        copy.Commit(harness.Spec.AllLayers, Tokens.Length - 1);
        var next = original with { Start = Tokens.Length - 1, In = new TokenRows(Tokens.AsMemory(Tokens.Length - 1)) };
        Agreement.Same(harness.Logprobs(next), harness.Logprobs(next with { Kv = copy }), tolerance);
    }

    [Fact]
    public void Joined_rows_are_rows_one_after_the_other()
    {
        using var decoder = create(Model("gpt2").WithQuietStar(), 16);
        var harness = new DecoderHarness(decoder);
        var prompt = harness.Prompt(Tokens);
        var joined = prompt with { In = new JoinedRows([new TokenRows(Tokens.AsMemory(0, 4)), new VectorRows(1), new TokenRows(Tokens.AsMemory(4))]) };
        var table = harness.Table(Tokens.Length + 1);
        var whole = harness.Logprobs(joined with { Kv = table });
        var apart = harness.Table(Tokens.Length + 1);
        double[][] parts =
        [
            .. harness.Logprobs(prompt with { Kv = apart, In = new TokenRows(Tokens.AsMemory(0, 4)) }),
            .. harness.Logprobs(prompt with { Kv = apart, Start = 4, In = new VectorRows(1) }),
            .. harness.Logprobs(prompt with { Kv = apart, Start = 5, In = new TokenRows(Tokens.AsMemory(4)) }),
        ];
        Agreement.Same(whole, parts, tolerance);
    }

    [Fact]
    public void Only_allowed_tokens_are_drawn_and_reported_as_the_model_said_them()
    {
        using var decoder = create(Model("llama"), 16);
        var harness = new DecoderHarness(decoder);
        var rows = harness.NewRows();
        harness.Run(Keeping(harness.Prompt(Tokens), rows));
        var free = harness.Logprobs(0, rows, Tokens.Length);
        var mask = new TokenMask([1UL << 3 | 1UL << 40]);
        for (var row = 0; row < Tokens.Length; row++)
        {
            var expected = free[row][3] >= free[row][40] ? 3 : 40;
            var greedy = new SampleSpec { Allowed = mask, TopLogprobs = 1, Bias = new Dictionary<int, float> { [5] = 50 } };
            var result = harness.Run(new HeadCall(0, new RowRef(rows, row), greedy)).Heads[0];
            Assert.Equal((expected, true), (result.Token, result.Finite));
            Assert.Equal(free[row][expected], result.Logprob, 1e-4);
            Assert.Equal(free[row].Max(), result.Top[0].Logprob, 1e-4);
            foreach (var drawn in new[] { greedy with { Temperature = 1 }, greedy with { Temperature = 1, TopK = 5 }, greedy with { Temperature = 1, TopP = 0.5f, MinP = 0.1f } })
                Assert.True(harness.Run(new HeadCall(0, new RowRef(rows, row), drawn with { Seed = 9, Index = (uint)row })).Heads[0].Token is 3 or 40);
        }
    }

    [Fact]
    public void A_released_row_is_gone_and_the_others_stay()
    {
        using var decoder = create(Model("llama"), 16);
        var harness = new DecoderHarness(decoder);
        var rows = harness.NewRows();
        harness.Run(Keeping(harness.Prompt(Tokens), rows));
        decoder.Release(rows, below: 3);
        harness.Run(new HeadCall(0, new RowRef(rows, 3), SampleSpec.Greedy));
        Assert.ThrowsAny<Exception>(() => harness.Run(new HeadCall(0, new RowRef(rows, 2), SampleSpec.Greedy)));
    }

    internal static RowGroup Keeping(RowGroup group, Rows rows) => group with { Keep = new Keep(rows, 0, 0, group.Count) };

    private static DecoderSpec Model(string name) => name switch
    {
        "llama" => TinyModels.Llama(),
        "gpt2" => TinyModels.Gpt2(),
        _ => TinyModels.Odd(),
    };
}
