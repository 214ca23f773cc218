using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Thinking;

/// <summary>What a row is for; only people and meters care.</summary>
public enum RowKind
{
    Prefill,
    Think,
    Speak,

    /// <summary>Upper layers taking states that the lower ones left.</summary>
    CatchUp,
}

/// <summary>Collects what one sequence wants of a step.</summary>
public sealed class SequencePlan
{
    private readonly List<StepOp> _ops = [];
    private readonly int[] _rows = new int[Enum.GetValues<RowKind>().Length];

    public IReadOnlyList<StepOp> Ops => _ops;

    /// <summary>The adapter of rows that name no other.</summary>
    public int Adapter { get; init; } = RowGroup.NoAdapter;

    /// <summary>Rows of all groups, a row counted once per group it stands in.</summary>
    public int RowCount { get; private set; }

    /// <summary>[kinds]</summary>
    public ReadOnlySpan<int> RowsByKind => _rows;

    public int HeadCount { get; private set; }

    /// <summary>Runs rows through a layer range at positions <paramref name="start"/>...</summary>
    public void Run(
        RowKind kind,
        KvTable kv,
        LayerRange range,
        int start,
        RowSource rows,
        Keep? keep = null,
        RowMask mask = RowMask.Causal,
        int? adapter = null)
    {
        _ops.Add(new RowGroup(kv, range, start, rows, mask, adapter ?? Adapter, keep));
        RowCount += rows.Count;
        _rows[(int)kind] += rows.Count;
    }

    /// <summary>Samples a token from a kept row.</summary>
    public void Sample(int head, RowRef row, SampleSpec sample, RowRef? mixBase = null)
    {
        _ops.Add(new HeadCall(head, row, sample, mixBase));
        HeadCount++;
    }

    public void Blend(KvTable into, KvTable from, LayerRange range, int count, int blend = 0) =>
        _ops.Add(new KvBlend(into, from, range, count, blend));

    /// <summary>Forgets everything: the sequence sits the step out.</summary>
    public void Clear()
    {
        _ops.Clear();
        Array.Clear(_rows);
        RowCount = HeadCount = 0;
    }

    public void SideNet(SideNetCall call) => _ops.Add(call);

    /// <summary>Adds what another plan of the same sequence describes.</summary>
    public void Add(SequencePlan other)
    {
        _ops.AddRange(other._ops);
        for (var kind = 0; kind < _rows.Length; kind++) _rows[kind] += other._rows[kind];
        RowCount += other.RowCount;
        HeadCount += other.HeadCount;
    }
}
