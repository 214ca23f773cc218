using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Thinking;

/// <summary>
/// Implicit chain of thought by distillation (ICoT-KD, arXiv 2311.01460): no thought is written; an emulator reads the
/// question and guesses one vector per layer, and the student's prefill has its row at the separator replaced by
/// those vectors, layer by layer. The spec stacks the emulator [0, L) under the student [L, 2L).
/// </summary>
public sealed class IcotKd : ThinkingProgram
{
    private const int Head = 0;
    private const int EmulatorNet = 0;
    private const int StudentNet = 1;
    private const int EmulatorEmbedding = 0;
    private const int StudentEmbedding = 1;

    private readonly KvTable _kv;
    private readonly Rows[] _stream; // all prompt rows: at boundary _layer in set _current
    private readonly Rows _state; // the emulator's recurrent state
    private readonly Rows _emulated; // f_i, then
    private readonly Rows _substitutes; // the row that replaces the separator's before layer i
    private readonly Rows _last;
    private readonly LayerRange _student;
    private readonly List<int> _tokens;
    private readonly int _separator; // position of the last prompt token
    private int _layer;
    private int _current; // a step begins with this set and writes the other, so that it can be run again

    public IcotKd(GenerationRequest request, ProgramContext context)
        : base(request, context)
    {
        _kv = context.Memory.CreateTable();
        _stream = [context.Memory.CreateRows(), context.Memory.CreateRows()];
        _state = context.Memory.CreateRows();
        _emulated = context.Memory.CreateRows();
        _substitutes = context.Memory.CreateRows();
        _last = context.Memory.CreateRows();
        _student = new LayerRange(Spec.Layers.Count / 2, Spec.Layers.Count);
        _tokens = [.. request.Prompt];
        _separator = _tokens.Count - 1;
    }

    /// <summary>The prompt's rows before and after a step, and per layer the emulator's state, its vector and the substitutes.</summary>
    public override int MaxKeptRows => checked((2 * Request.Prompt.Count) + (5 * Spec.Layers.Count) + 1);

    public override int PendingRows => _layer < _student.Hi ? _tokens.Count : _tokens.Count - _kv.Length(_student);

    public override int PendingPositions => _tokens.Count;

    protected override int Generated => _tokens.Count - Request.Prompt.Count;

    public override void Plan(SequencePlan plan, int rowBudget)
    {
        if (_layer < _student.Hi)
        {
            var layers = (int)Math.Clamp((long)_student.Hi * rowBudget / _tokens.Count, 1, _student.Hi - _layer);
            for (var layer = _layer; layer < _layer + layers; layer++) PlanPromptLayer(plan, layer);
            if (_layer + layers < _student.Hi) return;
            // The separator's row alone is replaced, and no row sees those behind it: before it the student reads as it is.
            Scores.Ask(plan, Head, _stream[1 - _current], Scores.Known, Scores.Wanted - Scores.Known);
            plan.Sample(Head, new RowRef(_stream[1 - _current], _separator), Draw(TokenChannel.Answer, 0));
            return;
        }

        var start = _kv.Length(_student);
        var count = Math.Min(rowBudget, _tokens.Count - start);
        var tokens = new TokenRows(_tokens.GetRange(start, count).ToArray(), StudentEmbedding);
        plan.Run(RowKind.Speak, _kv, _student, start, tokens, new Keep(_last, 0, count - 1, 1));
        if (start + count == _tokens.Count)
            plan.Sample(Head, new RowRef(_last, 0), Draw(TokenChannel.Answer, Generated));
    }

    protected override int Depth => _student.Count;

    public override void Evicted() => _layer = 0;

    protected override void OnAccepted(SequencePlan plan, ReadOnlySpan<HeadResult> heads, ITokenSink sink)
    {
        if (_layer < _student.Hi)
        {
            _layer = plan.Ops.OfType<RowGroup>().Max(group => group.Range.Hi);
            Context.Memory.Release(_stream[_current]);
            _current = 1 - _current;
            if (_layer == _student.Hi) ReleasePrompt();
        }

        // After an eviction the prompt is run again for its KV; its token is known already.
        var rebuilt = heads.Length > 0 && _layer == _student.Hi && _kv.Length(_student) < _tokens.Count;
        if (heads.Length == 0 || rebuilt) return;
        var token = heads[0].Token;
        if (EndsSequence(token))
        {
            Finish = FinishReason.Stop;
            return;
        }

        sink.Emit(TokenChannel.Answer, Depth, token, heads[0]);
        Answered(token);
        _tokens.Add(token);
        if (Finish is null && Generated >= Request.MaxTokens) Finish = FinishReason.Length;
    }

    private void PlanPromptLayer(SequencePlan plan, int layer)
    {
        var prompt = Request.Prompt.Count;
        var emulating = layer < _student.Lo;
        var index = emulating ? layer : layer - _student.Lo;
        var enters = index == 0;
        var next = _stream[1 - _current];
        var reached = layer == _layer && !(enters && emulating) ? _stream[_current] : next;
        RowSource rows = enters
            ? new TokenRows(Request.Prompt.ToArray(), emulating ? EmulatorEmbedding : StudentEmbedding)
            : new KeptRows(reached, 0, prompt);

        // The separator's row at this boundary is what the nets replace.
        if (enters && emulating) plan.Run(RowKind.Prefill, _kv, new LayerRange(layer, layer), 0, rows, new Keep(next, 0, 0, prompt));
        var substitute = new RowRef(_substitutes, layer);
        plan.SideNet(emulating
            ? new SideNetCall(EmulatorNet, index, layer, new RowRef(reached, _separator), new RowRef(_emulated, index), _state, substitute)
            : new SideNetCall(StudentNet, index, layer, new RowRef(_emulated, index), substitute));

        RowSource before = enters
            ? new TokenRows(Request.Prompt.Take(_separator).ToArray(), emulating ? EmulatorEmbedding : StudentEmbedding)
            : new KeptRows(reached, 0, _separator);
        var substituted = _separator == 0
            ? (RowSource)new KeptRows(_substitutes, layer, 1)
            : new JoinedRows([before, new KeptRows(_substitutes, layer, 1)]);
        plan.Run(RowKind.Prefill, _kv, new LayerRange(layer, layer + 1), 0, substituted, new Keep(next, 0, 0, prompt));
    }

    private void ReleasePrompt()
    {
        Context.Memory.Release(_stream[_current]);
        Context.Memory.Release(_state);
        Context.Memory.Release(_emulated);
        Context.Memory.Release(_substitutes);
    }
}
