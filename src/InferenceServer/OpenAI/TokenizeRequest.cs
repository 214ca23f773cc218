using System.Text.Json;
using System.Text.Json.Serialization;
using InferenceServer.Requests;

namespace InferenceServer.OpenAI;

/// <summary>Body of POST /tokenize.</summary>
public sealed record TokenizeRequest
{
    /// <summary>Id of a served model; may be left out where there is one.</summary>
    public string? Model { get; init; }

    /// <summary>A text, encoded as /v1/completions does. Either this or messages.</summary>
    public string? Prompt { get; init; }

    /// <summary>A conversation, dressed and encoded as /v1/chat/completions does. Either this or prompt.</summary>
    public IReadOnlyList<ChatMessage>? Messages { get; init; }

    /// <summary>Whether to add what the tokenizer puts around a text. Default true; only with prompt.</summary>
    public bool? AddSpecialTokens { get; init; }

    /// <summary>Whether to name each token as the tokenizer's vocabulary does. Default false.</summary>
    public bool? ReturnTokenStrs { get; init; }

    /// <summary>Variables for the checkpoint's chat template; only with messages.</summary>
    public IReadOnlyDictionary<string, JsonElement>? ChatTemplateKwargs { get; init; }

    /// <summary>Fields this server has no meaning for.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <param name="Count">Of the tokens.</param>
/// <param name="MaxModelLen">The model's context: prompt, thought and answer.</param>
/// <param name="TokenStrs">Null unless asked for.</param>
public sealed record TokenizeResponse(int Count, int MaxModelLen, IReadOnlyList<int> Tokens, IReadOnlyList<string>? TokenStrs);

/// <summary>Body of POST /detokenize.</summary>
public sealed record DetokenizeRequest
{
    /// <summary>Id of a served model; may be left out where there is one.</summary>
    public string? Model { get; init; }

    /// <summary>Token ids.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>Fields this server has no meaning for.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <param name="Prompt">The text of the tokens, special ones included.</param>
public sealed record DetokenizeResponse(string Prompt);

/// <param name="Version">Of this server.</param>
public sealed record VersionResponse(string Version);
