using InferenceServer.Requests;

namespace InferenceServer.Native;

/// <summary>Body of POST /v1/generate: one generation, told token by token. Streams unless <c>stream</c> is false.</summary>
public sealed record GenerateRequest : GenerationFields
{
    /// <summary>The text to go on from, as it is, or its token ids. Either this or messages.</summary>
    public PromptInput? Prompt { get; init; }

    /// <summary>A conversation, dressed as the model expects it. Either this or prompt.</summary>
    public IReadOnlyList<ChatMessage>? Messages { get; init; }

    /// <summary>How many of the most likely tokens to report at every position. Default 0.</summary>
    public int? TopLogprobs { get; init; }
}
