using System.Text;

namespace InferenceServer.Models.Tokenization.Decoders;

/// <summary>Replaces a fixed string within each token; holds back only what could still become a match.</summary>
internal sealed class ReplaceDecoder(string pattern, string replacement) : DecoderStage
{
    private string _held = "";

    public override void Push(string text, bool endsToken)
    {
        var rest = _held + text;
        _held = "";
        var output = new StringBuilder();
        for (int match; pattern.Length > 0 && (match = rest.IndexOf(pattern, StringComparison.Ordinal)) >= 0;)
        {
            output.Append(rest, 0, match).Append(replacement);
            rest = rest[(match + pattern.Length)..];
        }

        if (!endsToken)
        {
            var keep = Math.Max(0, Math.Min(pattern.Length - 1, rest.Length));
            while (keep > 0 && !rest.AsSpan(rest.Length - keep).SequenceEqual(pattern.AsSpan(0, keep)))
                keep--;
            _held = rest[(rest.Length - keep)..];
            rest = rest[..^keep];
        }

        Emit(output.Append(rest).ToString(), endsToken);
    }
}
