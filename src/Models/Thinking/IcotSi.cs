using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Thinking;

/// <summary>
/// Stepwise internalisation (ICoT-SI, arXiv 2405.14838): the prompt ends with the first separator; what the model writes
/// up to the second is what is left of its chain of thought, what follows is the answer. Fully internalised models
/// write the second separator at once, so stopping at the first end-of-sequence would return an empty answer.
/// </summary>
public sealed class IcotSi(GenerationRequest request, ProgramContext context) : Plain(request, context)
{
    private int _separators;

    protected override bool IsGuided => !InChain;

    protected override bool IsAnswering => !InChain;

    protected override void OnToken(int token, in HeadResult result, ITokenSink sink)
    {
        if (IsAnswering && Request.StopTokens.Contains(token))
        {
            Complete(FinishReason.Stop, sink);
            return;
        }

        // Separators before the last part the text, whatever a request makes of its end.
        var ends = IsLastPart
            ? !Request.IgnoreEndOfSequence && (IsEndOfSequence(token) || token == Context.Thinking.SeparatorTokenId)
            : IsEndOfSequence(token) || token == Context.Thinking.SeparatorTokenId;
        if (ends && ++_separators == Context.Thinking.EosCountToStop)
        {
            Complete(FinishReason.Stop, sink);
            return;
        }

        if (ends && Request.WholeText) sink.Emit(TokenChannel.Answer, Spec.Layers.Count, token, result, text: "");
        else if (ends) ThoughtClosedBy = Thinking.ThoughtClosedBy.Model; // separator two: fed back to the model, shown to nobody
        else sink.Emit(InChain ? TokenChannel.Thought : TokenChannel.Answer, Spec.Layers.Count, token, result);
    }

    protected override bool Ends(int token) => EndsSequence(token) || token == Context.Thinking.SeparatorTokenId;

    protected override IEnumerable<int> EndTokens => Context.Thinking.SeparatorTokenId is { } separator ? base.EndTokens.Append(separator) : base.EndTokens;

    private bool IsLastPart => _separators + 1 == Context.Thinking.EosCountToStop;

    // With one separator to stop at, the chain is internalised down to its end marker: everything is answer.
    private bool InChain => !Request.WholeText && Context.Thinking.EosCountToStop > 1 && _separators == 0;
}
