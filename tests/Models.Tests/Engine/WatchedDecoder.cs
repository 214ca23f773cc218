using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Engine;

/// <summary>A decoder whose steps a test sees before they run, or slows down.</summary>
internal sealed class WatchedDecoder(IDecoder inner, Action<StepBatch> before, Action<int>? copies = null) : IDecoder
{
    public DecoderSpec Spec => inner.Spec;

    public KvGeometry Geometry => inner.Geometry;

    public int PageCount => inner.PageCount;

    public int RowsPerPage => inner.RowsPerPage;

    public StepResult Run(StepBatch batch)
    {
        before(batch);
        return inner.Run(batch);
    }

    public void CopyPages(ReadOnlySpan<(int From, int To)> pages)
    {
        copies?.Invoke(pages.Length);
        inner.CopyPages(pages);
    }

    public void Release(Rows rows, int below = int.MaxValue) => inner.Release(rows, below);

    public void Dispose() => inner.Dispose();
}
