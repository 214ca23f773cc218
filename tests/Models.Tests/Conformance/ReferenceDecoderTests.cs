using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>What only the reference does: it refuses batches that break the seam's promises, and counts the work.</summary>
public class ReferenceDecoderTests
{
    private static readonly int[] Tokens = [5, 9, 1, 33, 60, 96, 0, 7];

    [Fact]
    public void A_missing_page_throws()
    {
        using var decoder = new ReferenceDecoder(TinyModels.Llama(), 8);
        var harness = new DecoderHarness(decoder);
        var table = harness.Table(16);
        var group = harness.Prompt([.. Enumerable.Range(0, 17)], table);
        var error = Assert.Throws<InvalidOperationException>(() => harness.Run(group));
        Assert.Contains("no page for position 16", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_that_start_behind_the_cached_positions_throw()
    {
        using var decoder = new ReferenceDecoder(TinyModels.Llama(), 8);
        var harness = new DecoderHarness(decoder);
        Assert.Throws<InvalidOperationException>(() => harness.Run(harness.Prompt(Tokens) with { Start = 1 }));
    }

    [Fact]
    public void A_row_that_was_never_kept_throws()
    {
        using var decoder = new ReferenceDecoder(TinyModels.Llama(), 8);
        var harness = new DecoderHarness(decoder);
        Assert.Throws<InvalidOperationException>(() => harness.Run(new HeadCall(0, new RowRef(harness.NewRows(), 0), SampleSpec.Greedy)));
    }

    [Fact]
    public void Rows_are_counted_per_layer()
    {
        using var decoder = new ReferenceDecoder(TinyModels.Llama().WithTas(), 8);
        var harness = new DecoderHarness(decoder);
        harness.Run(harness.Prompt(Tokens) with { Range = new LayerRange(0, 2) });
        Assert.Equal([8, 8, 0, 0], decoder.RowsRun);
    }

    [Fact]
    public void An_unwritten_position_makes_the_row_not_finite()
    {
        using var decoder = new ReferenceDecoder(TinyModels.Llama(), 8);
        var harness = new DecoderHarness(decoder);
        var table = harness.Table(16);
        table.Commit(harness.Spec.AllLayers, 3);
        var rows = harness.NewRows();
        var group = harness.Prompt(Tokens, table) with { Start = 3, Keep = new Keep(rows, 0, 0, 1) };
        Assert.False(harness.Run(group, new HeadCall(0, new RowRef(rows, 0), SampleSpec.Greedy)).Heads[0].Finite);
    }
}
