using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Engine;

/// <summary>A decoder that breaks, or returns rubbish, for rows that hold a certain token.</summary>
internal sealed class FaultyDecoder(IDecoder inner) : IDecoder
{
    public const int Throws = 25;
    public const int NotFinite = 26;

    public DecoderSpec Spec => inner.Spec;

    public KvGeometry Geometry => inner.Geometry;

    public int PageCount => inner.PageCount;

    public int RowsPerPage => inner.RowsPerPage;

    public StepResult Run(StepBatch batch)
    {
        if (batch.Ops.Any(op => Holds(op, Throws))) throw new InvalidOperationException("A row broke the step.");
        var result = inner.Run(batch);
        var poisoned = batch.Ops.Any(op => Holds(op, NotFinite));
        if (!poisoned) return result;

        // The heads that follow the poisoned group, up to the next group, read its rows.
        var heads = result.Heads.ToArray();
        var next = 0;
        var broken = false;
        foreach (var op in batch.Ops)
        {
            if (op is RowGroup) broken = Holds(op, NotFinite);
            if (op is not HeadCall) continue;
            if (broken) heads[next] = heads[next] with { Finite = false };
            next++;
        }

        return new StepResult(heads);
    }

    public void CopyPages(ReadOnlySpan<(int From, int To)> pages) => inner.CopyPages(pages);

    public void Release(Rows rows, int below = int.MaxValue) => inner.Release(rows, below);

    public void Dispose() => inner.Dispose();

    private static bool Holds(StepOp op, int token) => op is RowGroup { In: TokenRows rows } && rows.Tokens.Span.Contains(token);
}
