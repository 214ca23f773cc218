using InferenceServer.Benchmarks.Reports;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks.Synthetic;

/// <summary>A decoder with sequences that have KV of their own, and steps on it that can be run again and again.</summary>
internal sealed class StepRig : IDisposable
{
    private const int ChunkRows = 256;

    private readonly List<KvTable> _tables;
    private readonly int _positions;

    /// <param name="positions">Room of each sequence.</param>
    public StepRig(DecoderSpec spec, CpuOptions options, int sequences, int positions)
        : this(new CpuDecoder(spec, Pages(spec, sequences, positions), options), sequences, positions)
    {
    }

    /// <param name="decoder">Has pages for them, <see cref="Pages"/>; disposed with the rig.</param>
    public StepRig(CpuDecoder decoder, int sequences, int positions)
    {
        (Decoder, _positions) = (decoder, positions);
        var pages = decoder.Geometry.PagesFor(positions);
        _tables = [.. Enumerable.Range(0, sequences).Select(index => Table(index, decoder.Geometry, pages))];
    }

    public CpuDecoder Decoder { get; }

    /// <summary>Pages that so many sequences need.</summary>
    public static int Pages(DecoderSpec spec, int sequences, int positions)
    {
        var geometry = KvGeometry.For(spec);
        return checked(geometry.PagesFor(positions) * geometry.LayerGroups * sequences);
    }

    /// <summary>
    /// Reads a prompt into every sequence, through all layers: memory that was never written is not read from memory, and a
    /// step over it would be timed too fast.
    /// </summary>
    public void Fill(int positions)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(positions, _positions);
        foreach (var table in _tables)
        {
            for (var start = 0; start < positions; start += ChunkRows)
            {
                var count = Math.Min(ChunkRows, positions - start);
                Decoder.Run(new StepBatch([Group(table, Decoder.Spec.AllLayers, start, count)]));
                table.Commit(Decoder.Spec.AllLayers, start + count);
            }
        }
    }

    /// <summary>
    /// The next token of the first sequences, each after <paramref name="context"/> positions, sampled greedily. The first
    /// <paramref name="thinking"/> of them think: the lower layers and the thinking head.
    /// </summary>
    public StepBatch Decode(int sequences, int context, int thinking = 0)
    {
        var ops = new List<StepOp>();
        for (var i = 0; i < sequences; i++)
        {
            var range = i < thinking ? new LayerRange(0, Decoder.Spec.Cuts[0]) : Decoder.Spec.AllLayers;
            ops.Add(Group(_tables[i], range, context, 1));
            ops.Add(Head(_tables[i], i < thinking ? 1 : 0));
        }

        return new StepBatch(ops);
    }

    /// <summary>So many rows of each of the first sequences from position 0 on, and a token of each.</summary>
    public StepBatch Prefill(int rows, int sequences = 1) =>
        new([.. _tables.Take(sequences).SelectMany(table => (StepOp[])[Group(table, Decoder.Spec.AllLayers, 0, rows), Head(table, 0)])]);

    /// <summary>Only the head and sampling, of rows that an earlier <see cref="Decode"/> left.</summary>
    public StepBatch Heads(int sequences, SampleSpec sample) =>
        new([.. _tables.Take(sequences).Select(table => new HeadCall(0, new RowRef(new Rows(table.Id), 0), sample))]);

    /// <summary>Seconds a step, over so many; a step writes what the one before wrote.</summary>
    public double Seconds(StepBatch batch, int steps) => Rounds.Seconds(() => Decoder.Run(batch), steps);

    /// <summary>Forgets kept rows, so that the decoder is as new for others.</summary>
    public void Release()
    {
        foreach (var table in _tables) Decoder.Release(new Rows(table.Id));
    }

    public void Dispose() => Decoder.Dispose();

    private static KvTable Table(int index, KvGeometry geometry, int pages)
    {
        var table = new KvTable(index, geometry);
        for (var group = 0; group < geometry.LayerGroups; group++)
        {
            for (var page = 0; page < pages; page++) table.MutablePages(group).Add((((index * geometry.LayerGroups) + group) * pages) + page);
        }

        return table;
    }

    private static RowGroup Group(KvTable table, LayerRange range, int start, int count) => new(
        table,
        range,
        start,
        new TokenRows(SyntheticPrompt.Tokens(count, table.Id + start)),
        RowMask.Causal,
        RowGroup.NoAdapter,
        new Keep(new Rows(table.Id), 0, count - 1, 1));

    private static HeadCall Head(KvTable table, int head) => new(head, new RowRef(new Rows(table.Id), 0), SampleSpec.Greedy);
}
