using InferenceServer.Models;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Native;

/// <summary>Tokens in the words of this wire format.</summary>
internal static class GenerateWording
{
    public static string Channel(TokenChannel channel) => channel == TokenChannel.Thought ? "thought" : "answer";

    public static GenerateToken Token(GenerationEvent.Token token, ServedModel model) => new(
        Channel(token.Channel),
        token.Index,
        token.TokenId,
        token.Text,
        token.Layer,
        token.Logprob,
        model.Thinking.Method == ThinkingMethod.QuietStar ? token.Mix : null,
        token.Top.Count == 0 ? null : Tops(token.Top, model))
    {
        Peek = token.Peeks is { } peeks ? [.. peeks.Select(peek => new GeneratePeek(peek.Layer, Tops(peek.Top, model)))] : null,
    };

    public static GeneratePeeked Peeked(GenerationEvent.Peeked peeked, ServedModel model) =>
        new(Channel(peeked.Channel), peeked.Index, peeked.Peek.Layer, Tops(peeked.Peek.Top, model));

    private static IReadOnlyList<GenerateTopToken> Tops(IReadOnlyList<TokenLogprob> tops, ServedModel model) =>
        [.. tops.Select(top => new GenerateTopToken(top.Token, model.Tokenizer.Decode([top.Token]), top.Logprob))];
}
