using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Thinking;

/// <summary>
/// Quiet-STaR (arXiv 2403.09629): before each answer token the model thinks S tokens between two learned vectors, a
/// small head weighs the row before the thought against the row after it, the mixture names the token, and the thought is
/// thrown away: KV is cut back to the real tokens. S + 3 rows in S + 1 steps per answer token.
/// </summary>
public sealed class QuietStar : ThinkingProgram
{
    private const int Head = 0;
    private const int StartVector = 0;
    private const int EndVector = 1;

    // Kept rows of the running thought.
    private const int BaseRow = 0;
    private const int ThoughtRow = 1;

    private readonly KvTable _kv;
    private readonly Rows _rows;
    private readonly List<int> _tokens;
    private readonly List<HeadResult> _thought = [];
    private readonly int _thoughtLength;

    public QuietStar(GenerationRequest request, ProgramContext context)
        : base(request, context)
    {
        _kv = context.Memory.CreateTable();
        _rows = context.Memory.CreateRows();
        _tokens = [.. request.Prompt];
        _thoughtLength = request.ThoughtBudget == 0 ? 0 : context.Thinking.SampledThoughtTokens;
    }

    /// <summary>The real tokens and one thought with its two vectors.</summary>
    public override int MaxPositions => checked(base.MaxPositions + _thoughtLength + 2);

    public override int MaxKeptRows => 2;

    public override int PendingRows => Math.Max(1, _tokens.Count - _kv.Length(Spec.AllLayers)) + (_thoughtLength > 0 ? 1 : 0);

    public override int PendingPositions => _tokens.Count + _thoughtLength + 2;

    public override KvPrefix Prefix => new(_kv, _tokens);

    protected override int Generated => _tokens.Count - Request.Prompt.Count;

    public override void Plan(SequencePlan plan, int rowBudget)
    {
        // A prompt is read without thoughts, and so it is scored.
        if (PlanScores(plan, _kv, _rows, Head, rowBudget)) return;

        // The thought of the newest token x sits at positions p+1.. behind it, and never longer than this answer token.
        var newest = _tokens.Count - 1;
        var start = _kv.Length(Spec.AllLayers);
        if (start <= newest)
        {
            var count = Math.Min(rowBudget, _tokens.Count - start);
            var tokens = new TokenRows(_tokens.GetRange(start, count).ToArray());
            var kind = start < Request.Prompt.Count ? RowKind.Prefill : RowKind.Speak;
            var complete = start + count == _tokens.Count;
            if (!complete)
            {
                plan.Run(RowKind.Prefill, _kv, Spec.AllLayers, start, tokens);
            }
            else if (_thoughtLength == 0)
            {
                plan.Run(kind, _kv, Spec.AllLayers, start, tokens, new Keep(_rows, BaseRow, count - 1, 1));
                plan.Sample(Head, new RowRef(_rows, BaseRow), Answer());
            }
            else
            {
                var rows = new JoinedRows([tokens, new VectorRows(StartVector)]);
                plan.Run(kind, _kv, Spec.AllLayers, start, rows, new Keep(_rows, BaseRow, count - 1, 2));
                plan.Sample(Head, new RowRef(_rows, ThoughtRow), Think());
            }

            return;
        }

        var thoughtToken = new TokenRows(new[] { _thought[^1].Token });
        if (_thought.Count < _thoughtLength)
        {
            plan.Run(RowKind.Think, _kv, Spec.AllLayers, start, thoughtToken, new Keep(_rows, ThoughtRow, 0, 1));
            plan.Sample(Head, new RowRef(_rows, ThoughtRow), Think());
            return;
        }

        var last = new JoinedRows([thoughtToken, new VectorRows(EndVector)]);
        plan.Run(RowKind.Think, _kv, Spec.AllLayers, start, last, new Keep(_rows, ThoughtRow, 1, 1));
        plan.Sample(Head, new RowRef(_rows, ThoughtRow), Answer(), new RowRef(_rows, BaseRow));
    }

    // The thought under way is drawn again: its draws are named by index, so it comes out the same.
    public override void Evicted() => ForgetThought();

    protected override void OnAccepted(SequencePlan plan, ReadOnlySpan<HeadResult> heads, ITokenSink sink)
    {
        if (heads.Length == 0) return;
        if (_thought.Count < _thoughtLength)
        {
            _thought.Add(heads[0]);
            Counts.Add(TokenChannel.Thought, heads[0].Token);
            return;
        }

        foreach (var thought in _thought)
            sink.Emit(TokenChannel.Thought, Spec.Layers.Count, thought.Token, thought with { Mix = heads[0].Mix });
        ForgetThought();
        Context.Memory.Truncate(_kv, _tokens.Count);

        var token = heads[0].Token;
        if (EndsSequence(token))
        {
            Finish = FinishReason.Stop;
            return;
        }

        sink.Emit(TokenChannel.Answer, Spec.Layers.Count, token, heads[0]);
        Answered(token);
        _tokens.Add(token);
        if (Finish is null && Generated >= Request.MaxTokens) Finish = FinishReason.Length;
    }

    // Nothing later reads it: it counts for no penalty either.
    private void ForgetThought()
    {
        _thought.Clear();
        Counts.Forget(TokenChannel.Thought);
    }

    private SampleSpec Think() =>
        Draw(TokenChannel.Thought, checked(Generated * _thoughtLength + _thought.Count)) with { VocabularyLimit = Context.Thinking.BaseVocabularySize };

    private SampleSpec Answer() => Draw(TokenChannel.Answer, Generated) with { VocabularyLimit = Context.Thinking.BaseVocabularySize };
}
