namespace InferenceServer.Models.Decoding;

/// <summary>Hidden states kept inside the engine between boundaries and steps, [n, hidden], grown as written.</summary>
public readonly record struct Rows(int Id);

/// <summary>One kept row.</summary>
public readonly record struct RowRef(Rows Rows, int Index);

public enum RowMask
{
    /// <summary>A row sees every cached position and the new rows up to itself.</summary>
    Causal,

    /// <summary>A row sees every cached position and all new rows of its group (Bitune's bidirectional pass).</summary>
    Full,
}

/// <summary>Where the rows of a group come from.</summary>
public abstract record RowSource
{
    public abstract int Count { get; }
}

/// <summary>Token ids through an embedding table (and its learned positions).</summary>
public sealed record TokenRows(ReadOnlyMemory<int> Tokens, int Embedding = 0) : RowSource
{
    public override int Count => Tokens.Length;
}

/// <summary>One learned vector of <see cref="DecoderSpec.Vectors"/> (learned positions are added as for a token).</summary>
public sealed record VectorRows(int Vector) : RowSource
{
    public override int Count => 1;
}

/// <summary>Rows kept earlier, or kept in this step by a group or net that ends at or below this group's Lo.</summary>
public sealed record KeptRows(Rows Rows, int From, int Length) : RowSource
{
    public override int Count => Length;
}

/// <summary>Several sources one after the other.</summary>
public sealed record JoinedRows(IReadOnlyList<RowSource> Parts) : RowSource
{
    public override int Count => Parts.Sum(part => part.Count);
}

/// <summary>Store outputs [From, From + Count) of a group as kept rows [At, At + Count). Storing again overwrites.</summary>
public sealed record Keep(Rows Rows, int At, int From, int Count);

/// <summary>One thing to do within a step. All of it is data: a plan changes nothing.</summary>
public abstract record StepOp;

/// <summary>
/// Run n rows through layers [Lo, Hi): rows sit at positions Start..Start+n−1 of <paramref name="Kv"/>, which must
/// hold Start positions for this range already; their K and V are written there. Writing again overwrites.
/// An empty range [b, b) runs nothing and only keeps the rows as they enter at boundary b.
/// </summary>
public sealed record RowGroup(KvTable Kv, LayerRange Range, int Start, RowSource In, RowMask Mask, int Adapter, Keep? Keep) : StepOp
{
    public const int NoAdapter = -1;

    public int Count => In.Count;
}

/// <summary>Sample one token from a kept row, or score a given one. With a mix base: Quiet-STaR's mixture of two rows.</summary>
public sealed record HeadCall(int Head, RowRef From, SampleSpec Sample, RowRef? MixBase = null, int Mixer = 0) : StepOp;

/// <summary>
/// At the end of the step: blend positions [0, Count) of both tables, in the layers of <paramref name="Range"/>, into
/// <paramref name="Into"/> (the causal one). A step blends only layers whose K and V it wrote itself, in both tables, so that
/// running it again blends once and not twice.
/// </summary>
public sealed record KvBlend(KvTable Into, KvTable From, LayerRange Range, int Count, int Blend) : StepOp;

/// <summary>
/// Run call <paramref name="Index"/> of a side net at a layer boundary, after the groups that end there and before
/// those that begin there. An emulator reads and writes its recurrent state as rows of <paramref name="State"/>
/// (row 4i..4i+3 after call i: LSTM h, LSTM c, context, key), so a repeated call is harmless.
/// </summary>
/// <param name="Out">f_i of an emulator, g_i of a per-layer MLP.</param>
/// <param name="Replacement">An emulator's substitute for its input row.</param>
public sealed record SideNetCall(int Net, int Index, int Boundary, RowRef In, RowRef Out, Rows? State = null, RowRef? Replacement = null)
    : StepOp;

/// <summary>The work of one step: the ops of all sequences, each sequence's in its own order.</summary>
public sealed record StepBatch(IReadOnlyList<StepOp> Ops);

/// <param name="Heads">One per <see cref="HeadCall"/> of the batch, in order.</param>
public sealed record StepResult(IReadOnlyList<HeadResult> Heads);
