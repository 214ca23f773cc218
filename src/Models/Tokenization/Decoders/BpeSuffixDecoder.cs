namespace InferenceServer.Models.Tokenization.Decoders;

/// <summary>The end-of-word suffix becomes a space, except in the last token: so the newest token waits for the next.</summary>
internal sealed class BpeSuffixDecoder(string suffix) : WholeTokenStage
{
    private string? _newest;

    public override void Complete()
    {
        if (_newest is not null)
            Emit(Replace(_newest, ""), endsToken: true);
        _newest = null;
        base.Complete();
    }

    protected override void OnToken(string token)
    {
        if (_newest is not null)
            Emit(Replace(_newest, " "), endsToken: true);
        _newest = token;
    }

    private string Replace(string token, string replacement) =>
        suffix.Length == 0 ? token : token.Replace(suffix, replacement, StringComparison.Ordinal);
}
