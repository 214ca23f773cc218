using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>Steps that must not do harm, in every engine: impossible ones, and rows that are not numbers.</summary>
/// <param name="tolerance">0 for an engine that keeps a row's bits; else how near its numbers come (<see cref="Agreement"/>).</param>
public abstract class StepConformance(Func<DecoderSpec, int, IDecoder> create, double tolerance = 0)
{
    private static readonly int[] Tokens = [.. Enumerable.Range(0, 40)];

    [Fact]
    public void A_step_that_asks_for_what_is_not_there_throws_and_writes_nothing()
    {
        var spec = TinyModels.Gpt2(new TinyShape { Positions = 64 }).WithTas().WithBitune();
        using var decoder = create(spec, 40);
        var harness = new DecoderHarness(decoder);
        var rows = harness.NewRows();
        var prompt = SeamConformance.Keeping(harness.Prompt(Tokens), rows);
        harness.Run(prompt);
        var before = harness.Logprobs(0, rows, Tokens.Length);

        var bare = new KvTable(99, decoder.Geometry);
        var foreign = new KvTable(98, new KvGeometry(8, 1, 4));
        var wrong = new KvTable(97, decoder.Geometry);
        for (var group = 0; group < decoder.Geometry.LayerGroups; group++) wrong.MutablePages(group).AddRange([0, 40, 41]);
        StepOp[] impossible =
        [
            prompt with { Range = new LayerRange(0, 5) },
            prompt with { Range = new LayerRange(3, 2) },
            prompt with { Start = -1 },
            prompt with { Start = 30 },
            prompt with { Start = int.MaxValue },
            prompt with { Adapter = 2 },
            prompt with { In = new TokenRows(new[] { 3, 97 }) },
            prompt with { In = new TokenRows(new[] { -1 }) },
            prompt with { In = new TokenRows(new[] { 1 }, 1) },
            prompt with { In = new VectorRows(0) },
            prompt with { In = new KeptRows(new Rows(77), 0, 1) },
            prompt with { In = new KeptRows(rows, 39, 2) },
            prompt with { In = new KeptRows(rows, -1, 2) },
            prompt with { In = new JoinedRows([new TokenRows(new[] { 1 }), new KeptRows(rows, 40, 1)]) },
            prompt with { Keep = new Keep(rows, 0, 39, 2) },
            prompt with { Keep = new Keep(rows, -1, 0, 1) },
            prompt with { Kv = bare },
            prompt with { Kv = foreign },
            prompt with { Kv = wrong },
            new HeadCall(2, new RowRef(rows, 0), SampleSpec.Greedy),
            new HeadCall(0, new RowRef(rows, 40), SampleSpec.Greedy),
            new HeadCall(0, new RowRef(rows, 0), SampleSpec.Greedy, new RowRef(rows, 1)),
            new KvBlend(prompt.Kv, prompt.Kv, prompt.Range, 64, 0),
            new KvBlend(prompt.Kv, prompt.Kv, prompt.Range, 1, 1),
            new SideNetCall(0, 0, 0, new RowRef(rows, 0), new RowRef(rows, 1)),
        ];
        // Each comes after work that would overwrite what is kept.
        var harmful = prompt with { In = new TokenRows(Tokens.Reverse().ToArray()) };
        Assert.All(impossible, op =>
        {
            Assert.Throws<ArgumentException>(() => decoder.Run(new StepBatch([harmful, op])));
            Agreement.Same(before, harness.Logprobs(0, rows, Tokens.Length), tolerance);
        });
        var last = prompt with { Start = 39, In = new TokenRows(Tokens.AsMemory(39)) };
        Agreement.Same([before[^1]], harness.Logprobs(last), tolerance);
    }

    [Fact]
    public void Rows_of_a_later_group_may_not_be_read_before_they_are_kept()
    {
        using var decoder = create(TinyModels.Llama().WithTas(), 40);
        var harness = new DecoderHarness(decoder);
        var rows = harness.NewRows();
        var upper = SeamConformance.Keeping(harness.Prompt(Tokens), rows);
        var reader = harness.Prompt(Tokens) with { Range = new LayerRange(2, 4), In = new KeptRows(rows, 0, Tokens.Length) };
        Assert.Throws<ArgumentException>(() => decoder.Run(new StepBatch([upper, reader])));
        decoder.Run(new StepBatch([upper with { Range = new LayerRange(0, 2) }, reader]));
    }

    [Fact]
    public void A_row_that_is_not_a_number_is_flagged_and_harms_no_other_sequence()
    {
        var spec = TinyModels.Llama() with { Vectors = [[.. Enumerable.Repeat(float.NaN, new TinyShape().Hidden)]] };
        using var decoder = create(spec, 24);
        var harness = new DecoderHarness(decoder);
        var expected = harness.Logprobs(harness.Prompt(Tokens));
        var (good, bad) = (harness.NewRows(), harness.NewRows());
        var prompt = harness.Prompt(Tokens);
        var poisoned = harness.Prompt([.. Tokens, 1]) with { In = new JoinedRows([new TokenRows(Tokens), new VectorRows(0)]) };
        harness.Run(SeamConformance.Keeping(prompt, good), SeamConformance.Keeping(poisoned, bad));
        Agreement.Same(expected, harness.Logprobs(0, good, Tokens.Length), tolerance);
        Assert.False(harness.Run(new HeadCall(0, new RowRef(bad, Tokens.Length), SampleSpec.Greedy)).Heads[0].Finite);

        // Decoding beside each other, and the pages of the bad one given to the next sequence as they are.
        var next = prompt with { Kv = poisoned.Kv, In = new TokenRows(Tokens.AsMemory(0, 33)) };
        harness.Run(next);
        RowGroup One(RowGroup group, int at, Rows rows) =>
            SeamConformance.Keeping(group with { Start = at, In = new TokenRows(Tokens.AsMemory(at, 1)) }, rows);
        harness.Run(One(next, 33, bad), One(prompt, 39, good));
        Agreement.Same([expected[33]], harness.Logprobs(0, bad, 1), tolerance);
        Agreement.Same([expected[39]], harness.Logprobs(0, good, 1), tolerance);
    }
}
