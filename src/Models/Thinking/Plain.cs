using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Thinking;

/// <summary>
/// Ordinary decoding: prompt and answer through all layers, the last layer's head. The base of the methods whose
/// thoughts are ordinary tokens (ICoT-SI, TPO): they decide in <see cref="OnToken"/> what a token is.
/// </summary>
public class Plain : ThinkingProgram
{
    private const int Head = 0;

    private readonly KvTable _kv;
    private readonly Rows _last;
    private readonly List<int> _tokens;
    private int _draws;

    public Plain(GenerationRequest request, ProgramContext context)
        : base(request, context)
    {
        _kv = context.Memory.CreateTable();
        _last = context.Memory.CreateRows();
        _tokens = [.. request.Prompt];
    }

    public override int PendingRows => _tokens.Count - _kv.Length(Spec.AllLayers);

    public override int PendingPositions => _tokens.Count;

    public override KvPrefix Prefix => new(_kv, _tokens);

    protected override int Generated => _tokens.Count - Request.Prompt.Count;

    public override void Plan(SequencePlan plan, int rowBudget)
    {
        if (PlanScores(plan, _kv, _last, Head, rowBudget)) return;
        var start = _kv.Length(Spec.AllLayers);
        var count = Math.Min(rowBudget, _tokens.Count - start);
        var kind = start < Request.Prompt.Count ? RowKind.Prefill : RowKind.Speak;
        plan.Run(kind, _kv, Spec.AllLayers, start, new TokenRows(_tokens.GetRange(start, count).ToArray()), new Keep(_last, 0, count - 1, 1));
        if (start + count == _tokens.Count) plan.Sample(Head, new RowRef(_last, 0), Draw(TokenChannel.Answer, _draws));
    }

    protected override void OnAccepted(SequencePlan plan, ReadOnlySpan<HeadResult> heads, ITokenSink sink)
    {
        if (heads.Length == 0) return;
        var token = heads[0].Token;
        _tokens.Add(token);
        if (!EndsSequence(token))
        {
            Counts.Add(TokenChannel.Answer, token);
            if (IsGuided) Guide?.Accept(token);
        }

        _draws++;
        OnToken(token, heads[0], sink);
        if (Finish is null && Guide is { IsFinal: true }) Complete(FinishReason.Stop, sink);
        if (Finish is null && Generated >= Request.MaxTokens) Complete(FinishReason.Length, sink);
    }

    /// <summary>Says what a sampled token is. It will be fed back unless the sequence is finished here.</summary>
    protected virtual void OnToken(int token, in HeadResult result, ITokenSink sink)
    {
        if (EndsSequence(token)) Complete(FinishReason.Stop, sink);
        else sink.Emit(TokenChannel.Answer, Spec.Layers.Count, token, result);
    }

    /// <summary>The sequence ends; a method that holds text back says it now.</summary>
    protected virtual void Complete(FinishReason reason, ITokenSink sink) => Finish = reason;

    /// <summary>Throws the generated tokens away and begins again after the prompt; the draws go on, so that they are fresh.</summary>
    protected void StartOver()
    {
        _tokens.RemoveRange(Request.Prompt.Count, Generated);
        Counts.Forget(TokenChannel.Answer);
        Guide?.Reset();
        Context.Memory.Truncate(_kv, Request.Prompt.Count - 1);
    }
}
