using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks.DualLayer;

/// <summary>Counts what a decoder is asked to run: rows times layers, by the range they run.</summary>
internal sealed class CountingDecoder(IDecoder inner) : IDecoder
{
    private readonly Dictionary<LayerRange, long> _executions = [];

    public DecoderSpec Spec => inner.Spec;

    public KvGeometry Geometry => inner.Geometry;

    public int PageCount => inner.PageCount;

    public int RowsPerPage => inner.RowsPerPage;

    public long Steps { get; private set; }

    /// <summary>Passes over the weights of a layer: each serves all rows that stand there.</summary>
    public long LayerPasses { get; private set; }

    /// <summary>Layer-token executions of rows that run exactly this range.</summary>
    public long Executions(LayerRange range) => _executions.GetValueOrDefault(range);

    public void Reset()
    {
        _executions.Clear();
        Steps = LayerPasses = 0;
    }

    public StepResult Run(StepBatch batch)
    {
        Steps++;
        foreach (var segment in SegmentPlanner.Plan(batch))
        {
            if (segment.RowCount > 0) LayerPasses += segment.Range.Count;
            foreach (var (group, _) in segment.Active)
                _executions[group.Range] = Executions(group.Range) + ((long)segment.Range.Count * group.Count);
        }

        return inner.Run(batch);
    }

    public void CopyPages(ReadOnlySpan<(int From, int To)> pages) => inner.CopyPages(pages);

    public void Release(Rows rows, int below = int.MaxValue) => inner.Release(rows, below);

    public void Dispose() => inner.Dispose();
}
