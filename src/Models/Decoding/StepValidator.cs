using System.Globalization;
using System.Runtime.CompilerServices;

namespace InferenceServer.Models.Decoding;

/// <summary>
/// Checks a whole step before any of it runs: ranges, pages, ids, and that every row it reads has been kept before
/// or will be by then. What passes here does not throw later.
/// </summary>
/// <param name="kept">Whether the engine holds a row of this index.</param>
internal sealed class StepValidator(DecoderSpec spec, KvGeometry geometry, int pageCount, Func<Rows, int, bool> kept)
{
    // Rows that this step keeps, in the order in which it does.
    private readonly List<(Rows Rows, int From, int Count)> _pending = [];

    /// <exception cref="ArgumentException">The step asks for something the model or the arena does not have.</exception>
    public void Check(StepBatch batch, IReadOnlyList<Segment> segments)
    {
        _pending.Clear();
        foreach (var op in batch.Ops)
        {
            if (op is RowGroup group) CheckGroup(group);
            else if (op is KvBlend blend) CheckBlend(blend);
            else Require(op is HeadCall or SideNetCall, $"Step operation {op.GetType().Name} is unknown to this engine.");
        }

        foreach (var segment in segments)
        {
            foreach (var (group, _) in segment.Leaving) Pend(group);
            foreach (var group in segment.Passing)
            {
                CheckRows(group.In);
                Pend(group);
            }

            foreach (var net in segment.SideNets) CheckNet(net);
            for (var i = segment.Active.Count - segment.Entering; i < segment.Active.Count; i++) CheckRows(segment.Active[i].Group.In);
        }

        foreach (var op in batch.Ops)
        {
            if (op is HeadCall call) CheckHead(call);
        }
    }

    private void CheckGroup(RowGroup group)
    {
        var range = group.Range;
        Require(
            range.Lo >= 0 && range.Lo <= range.Hi && range.Hi <= spec.Layers.Count,
            $"Layers {range} are outside the model's {spec.Layers.Count}.");
        Require(
            group.Start >= 0 && group.Start <= spec.MaxPositions - group.Count,
            $"Rows at positions {group.Start}..{(long)group.Start + group.Count - 1} do not fit the model's {spec.MaxPositions}.");
        Require(
            group.Adapter == RowGroup.NoAdapter || (uint)group.Adapter < (uint)spec.Adapters.Count,
            $"Adapter {group.Adapter} does not exist; the model has {spec.Adapters.Count}.");
        if (group.Keep is { } keep)
        {
            Require(
                keep is { At: >= 0, From: >= 0, Count: >= 0 }
                && keep.From <= group.Count - keep.Count && keep.At <= int.MaxValue - keep.Count,
                $"Cannot keep rows {keep.From}..{(long)keep.From + keep.Count - 1} of {group.Count}.");
        }

        CheckSource(group.In, group.Start);
        if (group.Count > 0 && range.Count > 0) CheckPages(group.Kv, range, group.Start + group.Count);
    }

    private void CheckPages(KvTable table, LayerRange range, int positions)
    {
        Require(table.Geometry == geometry, $"KV table {table.Id} was made for another geometry.");
        var needed = geometry.PagesFor(positions);
        for (var group = geometry.GroupOf(range.Lo); group <= geometry.GroupOf(range.Hi - 1); group++)
        {
            var pages = table.Pages(group);
            Require(
                pages.Count >= needed,
                $"KV table {table.Id} has {pages.Count} pages for layer group {group}, {needed} are needed for {positions} positions.");
            for (var page = 0; page < needed; page++)
                Require(
                    (uint)pages[page] < (uint)pageCount,
                    $"Page {pages[page]} of KV table {table.Id} is outside the arena's {pageCount}.");
        }
    }

    private void CheckSource(RowSource source, int start)
    {
        switch (source)
        {
            case TokenRows tokens:
                Require(
                    (uint)tokens.Embedding < (uint)spec.Embeddings.Count,
                    $"Embedding {tokens.Embedding} does not exist; the model has {spec.Embeddings.Count}.");
                var embedding = spec.Embeddings[tokens.Embedding];
                foreach (var token in tokens.Tokens.Span)
                    Require(
                        (uint)token < (uint)embedding.Tokens.Rows,
                        $"Token {token} is outside the vocabulary of {embedding.Tokens.Rows}.");
                CheckPositions(embedding, start, tokens.Count);
                break;
            case VectorRows vector:
                Require(
                    (uint)vector.Vector < (uint)spec.Vectors.Count,
                    $"Vector {vector.Vector} does not exist; the model has {spec.Vectors.Count}.");
                CheckPositions(spec.Embeddings[0], start, 1);
                break;
            case KeptRows { From: >= 0, Length: >= 0 } rows when rows.From <= int.MaxValue - rows.Length:
                break;
            case JoinedRows joined:
                foreach (var part in joined.Parts)
                {
                    CheckSource(part, start);
                    start += part.Count;
                }

                break;
            default:
                throw new ArgumentException($"Row source {source} cannot be read.");
        }
    }

    private static void CheckPositions(EmbeddingSpec embedding, int start, int count) => Require(
        embedding.Positions is not { } positions || start <= positions.Rows - count,
        $"Positions {start}..{start + count - 1} exceed the {embedding.Positions?.Rows} learned ones.");

    private void CheckRows(RowSource source)
    {
        if (source is KeptRows rows)
        {
            for (var i = 0; i < rows.Length; i++) CheckRow(new RowRef(rows.Rows, rows.From + i));
        }
        else if (source is JoinedRows joined)
        {
            foreach (var part in joined.Parts) CheckRows(part);
        }
    }

    private void CheckNet(SideNetCall call)
    {
        Require((uint)call.Net < (uint)spec.SideNets.Count, $"Side net {call.Net} does not exist; the model has {spec.SideNets.Count}.");
        var calls = spec.SideNets[call.Net] switch
        {
            EmulatorSpec emulator => emulator.Mlps.Count,
            PerLayerMlpSpec mlps => mlps.Mlps.Count,
            _ => 0,
        };
        Require((uint)call.Index < (uint)calls, $"Call {call.Index} of side net {call.Net} does not exist; it has {calls}.");
        CheckRow(call.In);
        if (spec.SideNets[call.Net] is EmulatorSpec)
        {
            Require(call.State is not null, $"Side net {call.Net} is an emulator and needs rows for its state.");
            for (var row = 0; row < 4 * call.Index; row++) CheckRow(new RowRef(call.State!.Value, row));
            _pending.Add((call.State!.Value, 4 * call.Index, 4));
        }

        Pend(call.Out);
        if (call.Replacement is { } replacement) Pend(replacement);
    }

    private void CheckHead(HeadCall call)
    {
        Require((uint)call.Head < (uint)spec.Heads.Count, $"Head {call.Head} does not exist; the model has {spec.Heads.Count}.");
        Require(call.Sample.Given is null or >= 0, $"A token cannot be {call.Sample.Given}.");
        CheckRow(call.From);
        if (call.MixBase is not { } mixBase) return;
        Require((uint)call.Mixer < (uint)spec.Mixers.Count, $"Mixer {call.Mixer} does not exist; the model has {spec.Mixers.Count}.");
        CheckRow(mixBase);
    }

    private void CheckBlend(KvBlend blend)
    {
        Require((uint)blend.Blend < (uint)spec.Blends.Count, $"Blend {blend.Blend} does not exist; the model has {spec.Blends.Count}.");
        Require(blend.Count >= 0 && blend.Count <= spec.MaxPositions, $"Cannot blend {blend.Count} positions.");
        var range = blend.Range;
        Require(range.Lo >= 0 && range.Lo <= range.Hi && range.Hi <= spec.Layers.Count, $"Cannot blend layers {range}.");
        if (blend.Count == 0 || range.Count == 0) return;
        CheckPages(blend.Into, range, blend.Count);
        CheckPages(blend.From, range, blend.Count);
    }

    private void Pend(RowGroup group)
    {
        if (group.Keep is { Count: > 0 } keep) _pending.Add((keep.Rows, keep.At, keep.Count));
    }

    private void Pend(RowRef row)
    {
        Require(row.Index >= 0, $"Row {row.Index} of rows {row.Rows.Id} cannot be written.");
        _pending.Add((row.Rows, row.Index, 1));
    }

    private void CheckRow(RowRef row)
    {
        if (row.Index >= 0 && kept(row.Rows, row.Index)) return;
        foreach (var (rows, from, count) in _pending)
        {
            if (rows == row.Rows && row.Index >= from && row.Index - from < count) return;
        }

        throw new ArgumentException($"Row {row.Index} of rows {row.Rows.Id} was never kept, or has been released.");
    }

    private static void Require(bool condition, [InterpolatedStringHandlerArgument(nameof(condition))] ref FailureMessage message)
    {
        if (!condition) throw new ArgumentException(message.Text);
    }

    /// <summary>A message that is only put together when the condition does not hold.</summary>
    [InterpolatedStringHandler]
    private ref struct FailureMessage
    {
        private DefaultInterpolatedStringHandler _text;

        public FailureMessage(int literalLength, int formattedCount, bool condition, out bool needed)
        {
            needed = !condition;
            if (needed) _text = new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture);
        }

        public string Text => _text.ToStringAndClear();

        public void AppendLiteral(string value) => _text.AppendLiteral(value);

        public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);
    }
}
