using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Thinking;

/// <summary>
/// Bitune (arXiv 2405.14862): all prompt tokens but the last run twice, causal with one adapter and without any mask with
/// the other; the two KV sets are blended per layer; the last prompt token and the answer run causal on the blend.
/// Every token of the unmasked pass depends on all of them, so a long prompt is chunked by layers, never by rows.
/// </summary>
public sealed class Bitune : ThinkingProgram
{
    private const int Head = 0;

    private readonly KvTable _kv;
    private readonly KvTable _bidirectional;
    private readonly Rows[] _causalRows; // state of the causal pass, [P-1, hidden]: at boundary _layer in set _current
    private readonly Rows[] _bidirectionalRows;
    private readonly Rows _last;
    private readonly List<int> _tokens;
    private readonly int _blended; // positions that are blended, P-1
    private string? _scope;
    private int _layer; // layers both passes have run
    private int _current; // a step reads this set and writes the other, so that it can be run again

    public Bitune(GenerationRequest request, ProgramContext context)
        : base(request, context)
    {
        if (request.PromptLogprobs is not null) throw new NotSupportedException("Bitune reads a prompt in both directions: its tokens have no probability given those before them.");
        _kv = context.Memory.CreateTable();
        _bidirectional = context.Memory.CreateTable();
        _causalRows = [context.Memory.CreateRows(), context.Memory.CreateRows()];
        _bidirectionalRows = [context.Memory.CreateRows(), context.Memory.CreateRows()];
        _last = context.Memory.CreateRows();
        _tokens = [.. request.Prompt];
        _blended = _tokens.Count - 1;
        if (_blended == 0) _layer = Spec.Layers.Count; // nothing to blend: plain causal
    }

    /// <summary>The prompt's rows of both passes, before and after a step.</summary>
    public override int MaxKeptRows => checked((4 * _blended) + 1);

    public override int PendingRows => _layer < Spec.Layers.Count ? 2 * _blended : _tokens.Count - _kv.Length(Spec.AllLayers);

    public override int PendingPositions => _tokens.Count;

    protected override int Generated => _tokens.Count - Request.Prompt.Count;

    public override int Tables => 2;

    /// <summary>Blended KV depends on the whole prompt: only the very same prompt shares it.</summary>
    public override KvPrefix Prefix => new(_kv, _tokens, _scope ??= string.Join(',', Request.Prompt));

    public override void Plan(SequencePlan plan, int rowBudget)
    {
        if (_layer < Spec.Layers.Count)
        {
            PlanPromptPasses(plan, rowBudget);
            return;
        }

        var start = _kv.Length(Spec.AllLayers);
        var count = Math.Min(rowBudget, _tokens.Count - start);
        var tokens = new TokenRows(_tokens.GetRange(start, count).ToArray());
        plan.Run(RowKind.Speak, _kv, Spec.AllLayers, start, tokens, new Keep(_last, 0, count - 1, 1));
        if (start + count == _tokens.Count)
            plan.Sample(Head, new RowRef(_last, 0), Draw(TokenChannel.Answer, Generated));
    }

    // Part of a blend is of no use: the unmasked pass needs every row from layer 0 on.
    public override void Attached()
    {
        if (_kv.Length(Spec.AllLayers) >= _blended) _layer = Spec.Layers.Count;
        else Context.Memory.Truncate(_kv, 0);
    }

    public override void Evicted() => _layer = _blended == 0 ? Spec.Layers.Count : 0;

    protected override void OnAccepted(SequencePlan plan, ReadOnlySpan<HeadResult> heads, ITokenSink sink)
    {
        if (_layer < Spec.Layers.Count)
        {
            _layer = plan.Ops.OfType<RowGroup>().First().Range.Hi;
            FreeRows(_current);
            _current = 1 - _current;
            if (_layer == Spec.Layers.Count) FreePrompt();
            return;
        }

        if (heads.Length == 0) return;
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

    private void PlanPromptPasses(SequencePlan plan, int rowBudget)
    {
        var layers = (int)Math.Clamp((long)Spec.Layers.Count * rowBudget / (2L * _blended), 1, Spec.Layers.Count - _layer);
        var (mask, end) = MaskFrom(_layer);
        var range = new LayerRange(_layer, Math.Min(_layer + layers, end));
        var next = 1 - _current;
        plan.Run(RowKind.Prefill, _kv, range, 0, Prompt(_causalRows), new Keep(_causalRows[next], 0, 0, _blended));
        plan.Run(
            RowKind.Prefill,
            _bidirectional,
            range,
            0,
            Prompt(_bidirectionalRows),
            new Keep(_bidirectionalRows[next], 0, 0, _blended),
            mask,
            Context.Adapters.Bidirectional);
        plan.Blend(_kv, _bidirectional, range, _blended, Context.Adapters.Blend);
    }

    /// <summary>The second pass's mask at a layer, and up to which layer it holds.</summary>
    private (RowMask Mask, int End) MaskFrom(int layer)
    {
        var unmasked = Context.Adapters.Unmasked;
        if (layer >= unmasked.Lo && layer < unmasked.Hi) return (RowMask.Full, unmasked.Hi);
        return (RowMask.Causal, layer < unmasked.Lo ? unmasked.Lo : Spec.Layers.Count);
    }

    private RowSource Prompt(Rows[] kept) =>
        _layer == 0 ? new TokenRows(Request.Prompt.Take(_blended).ToArray()) : new KeptRows(kept[_current], 0, _blended);

    private void FreeRows(int set)
    {
        Context.Memory.Release(_causalRows[set]);
        Context.Memory.Release(_bidirectionalRows[set]);
    }

    private void FreePrompt()
    {
        FreeRows(_current);
        Context.Memory.Truncate(_bidirectional, 0);
    }
}
