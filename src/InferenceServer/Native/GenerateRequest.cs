using System.Text.Json;
using System.Text.Json.Serialization;
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

    /// <summary>What the model's other heads would have said at each token; /v1/models lists the heads. Only where there are several.</summary>
    public PeekRequest? Peek { get; init; }
}

/// <summary>Which heads are to be heard beside the one a token is read from.</summary>
public sealed record PeekRequest
{
    /// <summary>Layers of heads, as /v1/models lists them. The layer a token is read from is not reported for that token.</summary>
    public required IReadOnlyList<int> Layers { get; init; }

    /// <summary>How many of their most likely tokens to report. Default 5.</summary>
    public int? Top { get; init; }

    /// <summary>Fields this server has no meaning for.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
