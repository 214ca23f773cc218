namespace InferenceServer.Models.Tokenization.Decoders;

/// <summary>Joins all tokens into one.</summary>
internal sealed class FuseDecoder : DecoderStage
{
    public override void Push(string text, bool endsToken)
    {
        if (text.Length > 0)
            Emit(text, endsToken: false);
    }

    public override void Complete()
    {
        Emit("", endsToken: true);
        base.Complete();
    }
}

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

/// <summary>Continuing pieces lose their prefix, others get a space before them.</summary>
internal sealed class WordPieceDecoder(string prefix, bool cleanup) : WholeTokenStage
{
    private static readonly (string From, string To)[] Cleanups =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    private bool _first = true;

    protected override void OnToken(string token)
    {
        if (!_first)
            token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
        _first = false;
        if (cleanup)
        {
            foreach (var (from, to) in Cleanups)
                token = token.Replace(from, to, StringComparison.Ordinal);
        }

        Emit(token, endsToken: true);
    }
}

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
