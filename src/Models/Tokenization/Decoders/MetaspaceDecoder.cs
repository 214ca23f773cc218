namespace InferenceServer.Models.Tokenization.Decoders;

/// <summary>The replacement character becomes a space, or nothing in the first token if encoding prepended one.</summary>
internal sealed class MetaspaceDecoder(string replacement, bool prepends) : DecoderStage
{
    private bool _first = true;

    public override void Push(string text, bool endsToken)
    {
        Emit(text.Replace(replacement, _first && prepends ? "" : " ", StringComparison.Ordinal), endsToken);
        _first &= !endsToken;
    }
}
