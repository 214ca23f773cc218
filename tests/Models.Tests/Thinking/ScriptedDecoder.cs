using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>Runs nothing: draw i of any stream is the i-th token of a script.</summary>
internal sealed class ScriptedDecoder(DecoderSpec spec, IReadOnlyList<int> script) : IDecoder
{
    public DecoderSpec Spec => spec;

    public KvGeometry Geometry { get; } = KvGeometry.For(spec);

    public int PageCount => 64;

    public int RowsPerPage => 4;

    public int RowsRun { get; private set; }

    public StepResult Run(StepBatch batch)
    {
        RowsRun += batch.Ops.OfType<RowGroup>().Sum(group => group.Count);
        return new StepResult([.. batch.Ops.OfType<HeadCall>().Select(call => new HeadResult(script[(int)call.Sample.Index], 0, [], 0, true))]);
    }

    public void CopyPages(ReadOnlySpan<(int From, int To)> pages) => throw new NotSupportedException("A script has no pages.");

    public void Release(Rows rows, int below = int.MaxValue)
    {
    }

    public void Dispose()
    {
    }
}
