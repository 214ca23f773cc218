using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>Drives a decoder without the engine: hands out pages, moves lengths, reads whole distributions.</summary>
public sealed class DecoderHarness(IDecoder decoder)
{
    private int _tables;
    private int _rows;
    private int _pages;

    public IDecoder Decoder => decoder;

    public DecoderSpec Spec => decoder.Spec;

    /// <summary>A table with pages for <paramref name="positions"/> positions of every layer of <paramref name="range"/>.</summary>
    public KvTable Table(int positions, LayerRange? range = null)
    {
        var table = new KvTable(_tables++, decoder.Geometry) { IsLong = positions > Spec.LongAfter };
        Grow(table, positions, range ?? Spec.AllLayers);
        return table;
    }

    /// <summary>Gives the groups of a range the pages they lack for so many positions.</summary>
    public void Grow(KvTable table, int positions, LayerRange range)
    {
        for (var group = decoder.Geometry.GroupOf(range.Lo); group <= decoder.Geometry.GroupOf(range.Hi - 1); group++)
        {
            while (table.Pages(group).Count < decoder.Geometry.PagesFor(positions))
            {
                if (_pages == decoder.PageCount) throw new InvalidOperationException("The test's arena is full: ask for more pages.");
                table.MutablePages(group).Add(_pages++);
            }
        }
    }

    public Rows NewRows() => new(_rows++);

    /// <summary>Runs the groups and commits their lengths.</summary>
    public StepResult Run(params StepOp[] ops)
    {
        var result = decoder.Run(new StepBatch(ops));
        foreach (var group in ops.OfType<RowGroup>().Where(group => group.Range.Count > 0))
            group.Kv.Commit(group.Range, group.Start + group.Count);
        return result;
    }

    /// <summary>Log-probabilities [rows][vocabulary] of a head over a group's rows, which are kept for it.</summary>
    public double[][] Logprobs(RowGroup group, int head = 0)
    {
        var rows = NewRows();
        Run(group with { Keep = new Keep(rows, 0, 0, group.Count) });
        var logprobs = Logprobs(head, rows, group.Count);
        decoder.Release(rows);
        return logprobs;
    }

    /// <summary>Log-probabilities [count][vocabulary] of a head over kept rows [0, count).</summary>
    public double[][] Logprobs(int head, Rows rows, int count)
    {
        var everything = new SampleSpec { TopLogprobs = Spec.VocabularySize };
        StepOp[] calls = [.. Enumerable.Range(0, count).Select(i => new HeadCall(head, new RowRef(rows, i), everything))];
        return [.. decoder.Run(new StepBatch(calls)).Heads.Select(ById)];
    }

    /// <summary>The reported distribution of one call in order of id.</summary>
    public static double[] ById(HeadResult result)
    {
        Assert.True(result.Finite, "The row or its logits are not finite.");
        var values = new double[result.Top.Count];
        foreach (var (token, logprob) in result.Top) values[token] = logprob;
        return values;
    }

    /// <summary>Tokens through every layer of a new table, from position 0.</summary>
    public RowGroup Prompt(IReadOnlyList<int> tokens, KvTable? table = null) => new(
        table ?? Table(tokens.Count), Spec.AllLayers, 0, new TokenRows(tokens.ToArray()), RowMask.Causal, RowGroup.NoAdapter, null);
}
