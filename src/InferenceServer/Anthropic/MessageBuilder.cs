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
        var end = End(passages, finished);
        return Begun with { Content = [.. passages.Select(Block)], StopReason = end.StopReason, StopSequence = end.StopSequence, Usage = MessageUsage.Of(usage) };
    }

    public MessageEnd End(IReadOnlyList<Passage> passages, GenerationEvent.Finished finished) => new(
        finished switch
        {
            { StopString: not null } => "stop_sequence",
            { Reason: FinishReason.Length } => request.Generations[0].MaxTokens < asked.MaxTokens ? "model_context_window_exceeded" : "max_tokens",
            _ => passages.Any(passage => passage is { Kind: PassageKind.Call, IsCut: false }) ? "tool_use" : "end_turn",
        },
        finished.StopString);

    /// <summary>The block of a passage that has just begun: without content, of which some may be there already.</summary>
    public static OutputBlock Empty(Passage passage) => passage.Kind switch
    {
        PassageKind.Thought => new ThinkingBlock("", ""),
        PassageKind.Call => Use(passage, RawObject.Empty),
        _ => new TextBlock(""),
    };

    /// <summary>What is added to the block of a passage.</summary>
    public static BlockDelta Delta(PassageStep.Added step) => step.Passage.Kind switch
    {
        PassageKind.Thought => new ThinkingDelta(step.Text),
        PassageKind.Call => new InputJsonDelta(step.Text),
        _ => new TextDelta(step.Text),
    };

    public static string Signature(string thought) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(thought)));

    private static OutputBlock Block(Passage passage) => passage.Kind switch
    {
        PassageKind.Thought => new ThinkingBlock(passage.Text, Signature(passage.Text)),
        PassageKind.Call => Use(passage, passage.IsCut ? RawObject.FromCut(passage.Text) : new RawObject(passage.Text)),
        _ => new TextBlock(passage.Text),
    };

    private static ToolUseBlock Use(Passage passage, RawObject input) => new(passage.CallId, passage.Name, input, new ToolUseCaller("direct"));
}
