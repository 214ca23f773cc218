using InferenceServer.Models;
using InferenceServer.Models.Checkpoints;
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
        token.Top.Count == 0 ? null : [.. token.Top.Select(top => new GenerateTopToken(top.Token, model.Tokenizer.Decode([top.Token]), top.Logprob))]);
}
