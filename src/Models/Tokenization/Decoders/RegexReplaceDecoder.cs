using InferenceServer.Models.Tokenization.Patterns;

namespace InferenceServer.Models.Tokenization.Decoders;

/// <summary>Replaces the matches of a regular expression within each token, which must be whole for that.</summary>
internal sealed class RegexReplaceDecoder(TextPattern pattern, string replacement) : WholeTokenStage
{
    protected override void OnToken(string token) => Emit(pattern.Replace(token, replacement), endsToken: true);
}
