namespace InferenceServer.Models.Decoding;

/// <summary>
/// The seam between methods and hardware: an engine runs layer ranges, heads, blends and nets, and knows neither
/// requests nor thoughts. One caller at a time.
/// </summary>
public interface IDecoder : IDisposable
{
    DecoderSpec Spec { get; }

    KvGeometry Geometry { get; }

    /// <summary>Pages of the KV arena.</summary>
    int PageCount { get; }

    /// <summary>Kept rows that take as much memory as one KV page.</summary>
    int RowsPerPage { get; }

    /// <summary>
    /// Runs a step: all of it, or it throws and nothing that was committed before has changed (a step only writes
    /// positions and rows beyond what its sequences have accepted). A row that went wrong has Finite = false.
    /// </summary>
    StepResult Run(StepBatch batch);

    /// <summary>Copies whole pages of the arena (several choices of one prompt, copy on write).</summary>
    void CopyPages(ReadOnlySpan<(int From, int To)> pages);

    /// <summary>Forgets kept rows with an index below <paramref name="below"/>; by default all of them.</summary>
    void Release(Rows rows, int below = int.MaxValue);
}
