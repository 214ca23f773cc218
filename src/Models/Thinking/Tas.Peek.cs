using System.Diagnostics.CodeAnalysis;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Thinking;

/// <summary>
/// Both heads at every position, where a request asks for it: the thinking head looks at the rows answers are read from as
/// they pass boundary k; the answer head looks at the rows thoughts were read from once they pass the top, after the thought.
/// Nothing of it moves a token: rows are the same whether a range is run whole or cut at k, and looking draws nothing.
/// </summary>
public sealed partial class Tas
{
    private SampleSpec? _look; // one instance: heads called with it look, all others speak
    private bool _looksUp; // at thoughts, from the top
    private bool _looksDown; // at answers, from boundary k
    private Rows _tops; // rows of this step at the top, indexed by position
    private int _seen; // thoughts the answer head has looked at

    [MemberNotNullWhen(true, nameof(_look))]
    private bool Peeks => _look is not null;

    private int FirstThoughtRow => _thoughtStart - 1;

    private void SetUpPeek(PeekOptions peek)
    {
        _look = new SampleSpec { TopLogprobs = peek.Top };
        _looksUp = peek.Layers.Contains(_upper.Hi);
        _looksDown = peek.Layers.Contains(_lower.Hi);
        _tops = Context.Memory.CreateRows();
    }

    /// <summary>Full depth in two ranges, so that the rows can be seen at the boundary.</summary>
    private void PlanBothRanges(SequencePlan plan, RowKind kind, int start, int count)
    {
        plan.Run(kind, _kv, _lower, start, Tokens(start, count), new Keep(_boundary, start, 0, count));
        PlanUpper(plan, kind, start, count);
    }

    private void PlanUpper(SequencePlan plan, RowKind kind, int start, int count)
    {
        plan.Run(kind, _kv, _upper, start, new KeptRows(_boundary, start, count), new Keep(_tops, start, 0, count));
        if (!_looksUp) return;
        for (var thought = _seen; thought < _thoughts && FirstThoughtRow + thought < start + count; thought++)
            plan.Sample(AnswerHead, new RowRef(_tops, FirstThoughtRow + thought), _look!);
    }

    /// <summary>Tells what was seen; returns what was said, if anything, and what the thinking head made of that row.</summary>
    private (HeadResult? Said, IReadOnlyList<LayerPeek>? Peeks) TakePeeks(SequencePlan plan, ReadOnlySpan<HeadResult> heads, ITokenSink sink)
    {
        HeadResult? said = null;
        IReadOnlyList<LayerPeek>? peeks = null;
        var next = 0;
        foreach (var call in plan.Ops.OfType<HeadCall>().Where(call => call.Sample.Given is null))
        {
            var result = heads[next++];
            if (!ReferenceEquals(call.Sample, _look)) said = result;
            else if (call.Head == ThinkingHead) peeks = [new LayerPeek(_lower.Hi, result.Top)];
            else sink.Peek(TokenChannel.Thought, _seen++, new LayerPeek(_upper.Hi, result.Top));
        }

        Context.Memory.Release(_tops);
        return (said, peeks);
    }
}
