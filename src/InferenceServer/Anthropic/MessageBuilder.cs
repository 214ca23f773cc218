using System.Security.Cryptography;
using System.Text;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.Anthropic;

/// <summary>Writes one message in the words of this format, at any stage.</summary>
internal sealed class MessageBuilder(MessagesRequest asked, MappedRequest request)
{
    public const string CallPrefix = "toolu_";

    /// <summary>At the beginning of a stream.</summary>
    public MessageResponse Begun => new(
        request.Id, "message", "assistant", request.Model.Name, [], null, null, MessageUsage.Of(new GenerationUsage(request.PromptTokens, 0, 0)));

    public MessageResponse Ended(IReadOnlyList<Passage> passages, GenerationEvent.Finished finished, GenerationUsage usage)
    {
        var end = End(finished);
        return Begun with { Content = [.. passages.Select(Block)], StopReason = end.StopReason, StopSequence = end.StopSequence, Usage = MessageUsage.Of(usage) };
    }

    public MessageEnd End(GenerationEvent.Finished finished) => new(
        finished switch
        {
            { StopString: not null } => "stop_sequence",
            { Reason: FinishReason.Length } => request.Generations[0].MaxTokens < asked.MaxTokens ? "model_context_window_exceeded" : "max_tokens",
            _ => "end_turn",
        },
        finished.StopString);

    public static OutputBlock Block(Passage passage) => passage.Kind == PassageKind.Thought ? new ThinkingBlock(passage.Text, Signature(passage.Text)) : new TextBlock(passage.Text);

    public static string Signature(string thought) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(thought)));
}
