using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace InferenceServer.Responses;

/// <summary>An answer, complete or under way.</summary>
/// <param name="CreatedAt">Seconds since 1970.</param>
/// <param name="Status">in_progress in the first events of a stream; incomplete where the token limit ended it.</param>
/// <param name="Output">Thoughts, answer and calls, in the order they were made.</param>
/// <param name="Temperature">What was used.</param>
/// <param name="Usage">Null while it is under way.</param>
public sealed record Response(
    string Id,
    [property: AllowedValues("response")] string Object,
    long CreatedAt,
    [property: AllowedValues("in_progress", "completed", "incomplete", "failed")] string Status,
    long? CompletedAt,
    ResponseError? Error,
    IncompleteDetails? IncompleteDetails,
    string? Instructions,
    int? MaxOutputTokens,
    string Model,
    IReadOnlyList<OutputItem> Output,
    int? MaxToolCalls,
    bool ParallelToolCalls,
    string? PreviousResponseId,
    ReasoningEcho Reasoning,
    bool Background,
    bool Store,
    double Temperature,
    TextEcho Text,
    ResponseToolChoice ToolChoice,
    IReadOnlyList<ResponseTool> Tools,
    int TopLogprobs,
    double TopP,
    string Truncation,
    ResponseUsage? Usage,
    string? User,
    string ServiceTier,
    IReadOnlyDictionary<string, string> Metadata);

/// <param name="Code">server_error.</param>
public sealed record ResponseError(string Code, string Message);

/// <param name="Reason">max_output_tokens.</param>
public sealed record IncompleteDetails(string Reason);

/// <param name="Summary">What was asked for.</param>
public sealed record ReasoningEcho(string? Effort, string? Summary);

public sealed record TextEcho(TextFormatEcho Format);

public sealed record TextFormatEcho([property: AllowedValues("text", "json_object", "json_schema")] string Type)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Schema { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Strict { get; init; }
}

/// <param name="OutputTokens">Thought and answer tokens.</param>
public sealed record ResponseUsage(
    int InputTokens, InputTokensDetails InputTokensDetails, int OutputTokens, OutputTokensDetails OutputTokensDetails, int TotalTokens);

/// <param name="CachedTokens">Input tokens that were not computed, since an earlier request had them.</param>
public sealed record InputTokensDetails(int CachedTokens);

/// <param name="ReasoningTokens">Thought tokens among the output tokens.</param>
public sealed record OutputTokensDetails(int ReasoningTokens);
