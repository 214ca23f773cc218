namespace InferenceServer.Models.Tokenization.Decoders;

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
