using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Thinking;

/// <summary>
/// TaS / MeTHanol (arXiv 2409.12059): a head after layer k writes the thought, the last layer writes the answer.
/// THINK runs tokens through [0, k) only and keeps each one's state at boundary k; SPEAK first takes those states through
/// [k, L) in one pass, so that no layer runs twice for a token, and then decodes at full depth. The prompt's states go up
/// while the model thinks, where a step has room: the answer comes sooner, and others can share the prompt's KV. The
/// result equals one forward over Q ‖ T ‖ END ‖ A, which is how such a model is trained.
/// </summary>
public sealed partial class Tas : ThinkingProgram
{
    private const int AnswerHead = 0;
    private const int ThinkingHead = 1;

    private readonly KvTable _kv;
    private readonly Rows _boundary; // state at boundary k, indexed by position, for positions the upper layers still lack
    private readonly Rows _last; // the newest row at the top, [1, hidden]
    private readonly LayerRange _lower;
    private readonly LayerRange _upper;
    private readonly int _thoughtEnd;
    private readonly int _budget;
    private readonly List<int> _tokens; // Q ‖ T ‖ END ‖ A, fed in this order; the newest may not be fed yet
    private readonly int _thoughtStart;
    private bool _speaking;
    private int _thoughts;
    private int _answers;
    private int _maxTokens;

    public Tas(GenerationRequest request, ProgramContext context)
        : base(request, context)
    {
        var thinking = context.Thinking;
        _kv = context.Memory.CreateTable();
        _boundary = context.Memory.CreateRows();
        _last = context.Memory.CreateRows();
        _lower = new LayerRange(0, thinking.ThinkingLayer);
        _upper = new LayerRange(thinking.ThinkingLayer, Spec.Layers.Count);
        _thoughtEnd = thinking.ThoughtEndTokenId!.Value;
        _budget = request.ThoughtBudget ?? thinking.MaxThoughtTokens;
        _maxTokens = request.MaxTokens;
        _tokens = [.. request.Prompt];
        if (thinking.ThoughtBeginTokenId is { } begin) _tokens.Add(begin);
        _thoughtStart = _tokens.Count;
        if (request.Peek is { } peek && _upper.Count > 0) SetUpPeek(peek);

        if (request.Thought is not null) Supply(request.Thought);
        else if (_budget == 0) CloseThought(Thinking.ThoughtClosedBy.Off);
    }

    /// <summary>Prompt, begin and end markers, a supplied thought, and what is generated.</summary>
    public override int MaxPositions => checked(Request.Prompt.Count + (Request.Thought?.Count ?? 0) + Request.MaxTokens + 2);

    /// <summary>Every position's state at the boundary, until the answer begins; and the newest row at the top.</summary>
    public override int MaxKeptRows => checked((Peeks ? 2 * MaxPositions : MaxPositions) + 1);

    public override int PendingRows
    {
        get
        {
            var lower = _tokens.Count - _kv.Length(_lower);
            var upper = _upper.Count == 0 ? lower : _tokens.Count - _kv.Length(_upper);
            return !_speaking || lower == upper ? lower : lower + upper;
        }
    }

    public override int PendingPositions => _tokens.Count;

    protected override int Generated => _thoughts + _answers;

    /// <summary>Prompt rows that are through the lower layers. Thought rows wait: a thought may yet be replaced.</summary>
    public override int SpareRows => _speaking || _upper.Count == 0
        ? 0
        : Math.Max(0, Math.Min(_kv.Length(_lower), Peeks ? FirstThoughtRow : Request.Prompt.Count) - _kv.Length(_upper));

    /// <summary>Rows that are yet to be looked at from the top are not taken from others: they must pass it here.</summary>
    public override KvPrefix Prefix => new(_kv, _looksUp && _seen < _thoughts ? _tokens.GetRange(0, _thoughtStart) : _tokens);

    public override void Plan(SequencePlan plan, int rowBudget)
    {
        // At full depth: what the whole model says of a text is what its last layer says.
        if (PlanScores(plan, _kv, _last, AnswerHead, rowBudget)) return;
        var lower = _kv.Length(_lower);
        var upper = _upper.Count == 0 ? lower : _kv.Length(_upper);

        if (_speaking && lower == upper)
        {
            var speak = Math.Min(rowBudget, _tokens.Count - lower);
            var kind = KindAt(lower, RowKind.Speak);
            if (Peeks) PlanBothRanges(plan, kind, lower, speak);
            else plan.Run(kind, _kv, Spec.AllLayers, lower, Tokens(lower, speak), new Keep(_last, 0, speak - 1, 1));
            SpeakFrom(lower + speak, plan);
            return;
        }

        var think = Math.Min(rowBudget, _tokens.Count - lower);
        if (think > 0) plan.Run(KindAt(lower, RowKind.Think), _kv, _lower, lower, Tokens(lower, think), new Keep(_boundary, lower, 0, think));
        lower += think;
        if (!_speaking)
        {
            if (lower == _tokens.Count) plan.Sample(ThinkingHead, new RowRef(_boundary, lower - 1), Draw(TokenChannel.Thought, _thoughts));
            return;
        }

        // Catch up: the upper layers take every state they have not seen, also those kept in this very step.
        var catchUp = Math.Min(rowBudget - think, lower - upper);
        if (catchUp == 0) return;
        if (Peeks) PlanUpper(plan, RowKind.CatchUp, upper, catchUp);
        else plan.Run(RowKind.CatchUp, _kv, _upper, upper, new KeptRows(_boundary, upper, catchUp), new Keep(_last, 0, catchUp - 1, 1));
        SpeakFrom(upper + catchUp, plan);
    }

    public override void PlanSpare(SequencePlan plan, int rowBudget)
    {
        var count = Math.Min(rowBudget, SpareRows);
        var upper = _kv.Length(_upper);
        plan.Run(RowKind.CatchUp, _kv, _upper, upper, new KeptRows(_boundary, upper, count));
    }

    public override bool Command(ProgramCommand command, ITokenSink sink)
    {
        switch (command)
        {
            case ProgramCommand.AnswerNow when !_speaking:
                CloseThought(Thinking.ThoughtClosedBy.Command);
                return true;
            case ProgramCommand.ReplaceThought replace when Finish is null && Fits(replace):
                if (_answers > 0) sink.Restart(TokenChannel.Answer);
                if (_thoughts > 0) sink.Restart(TokenChannel.Thought);
                _maxTokens = Math.Min(Request.MaxTokens, replace.MaxTokens);
                Supply(replace.Thought);
                return true;
            default:
                return false;
        }
    }

    protected override void OnAccepted(SequencePlan plan, ReadOnlySpan<HeadResult> heads, ITokenSink sink)
    {
        var passed = _upper.Count > 0 ? _kv.Length(_upper) : _speaking ? _kv.Length(_lower) : 0;
        if (passed > 0) Context.Memory.Release(_boundary, passed);
        if (heads.Length == 0) return;

        var (said, peeks) = Peeks ? TakePeeks(plan, heads, sink) : (heads[0], null);
        if (said is not { } result) return;
        if (_speaking) Speak(result.Token, result, peeks, sink);
        else Think(result.Token, result, sink);
        if (Finish is null && Generated >= _maxTokens) Finish = FinishReason.Length;
    }

    private void Think(int token, in HeadResult result, ITokenSink sink)
    {
        // An end of sequence inside a thought can only mean that the thought is over.
        if (token == _thoughtEnd || IsEndOfSequence(token))
        {
            CloseThought(Thinking.ThoughtClosedBy.Model);
            return;
        }

        sink.Emit(TokenChannel.Thought, _lower.Hi, token, result);
        Counts.Add(TokenChannel.Thought, token);
        _tokens.Add(token);
        _thoughts++;
        if (_thoughts == _budget) CloseThought(Thinking.ThoughtClosedBy.Budget);
    }

    private void Speak(int token, in HeadResult result, IReadOnlyList<LayerPeek>? peeks, ITokenSink sink)
    {
        if (EndsSequence(token))
        {
            Finish = FinishReason.Stop;
            return;
        }

        sink.Emit(TokenChannel.Answer, _upper.Hi, token, result, peeks: peeks);
        Answered(token);
        _tokens.Add(token);
        _answers++;
    }

    private void SpeakFrom(int fed, SequencePlan plan)
    {
        if (fed != _tokens.Count) return;
        plan.Sample(AnswerHead, Peeks ? new RowRef(_tops, fed - 1) : new RowRef(_last, 0), Draw(TokenChannel.Answer, _answers));
        if (_looksDown) plan.Sample(ThinkingHead, new RowRef(_boundary, fed - 1), _look!);
    }

    private void CloseThought(ThoughtClosedBy by)
    {
        _tokens.Add(_thoughtEnd);
        _speaking = true;
        ThoughtClosedBy = by;
    }

    /// <summary>Takes the client's thought for the model's own; KV is kept as far as the tokens agree.</summary>
    private void Supply(IReadOnlyList<int> thought)
    {
        var old = _tokens.ToArray();
        _tokens.RemoveRange(_thoughtStart, _tokens.Count - _thoughtStart);
        _tokens.AddRange(thought);
        CloseThought(Thinking.ThoughtClosedBy.Supplied);
        _thoughts = _answers = _seen = 0;
        Counts.Replace(thought);
        Guide?.Reset();

        // The newest token is always fed again, for the row its answer is read from.
        var same = old.AsSpan().CommonPrefixLength(_tokens.ToArray());
        Context.Memory.Truncate(_kv, Math.Min(same, _tokens.Count - 1));
    }

    private bool Fits(ProgramCommand.ReplaceThought replace) =>
        replace.MaxTokens > 0 && (long)_thoughtStart + replace.Thought.Count + 1 + Math.Min(Request.MaxTokens, replace.MaxTokens) <= Spec.MaxPositions;

    private RowKind KindAt(int position, RowKind kind) => position < Request.Prompt.Count ? RowKind.Prefill : kind;

    private TokenRows Tokens(int start, int count) => new(_tokens.GetRange(start, count).ToArray());
}
