using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using InferenceServer.Swagger;

namespace InferenceServer.Anthropic;

/// <summary>Something the model may use instead of answering.</summary>
[RequiresField("name", "input_schema")]
public sealed record MessageTool
{
    /// <summary>custom, which may be left out: this server has no tools of its own.</summary>
    [AllowedValues("custom")]
    public string? Type { get; init; }

    /// <summary>Up to 128 letters, digits, underscores and dashes.</summary>
    public string? Name { get; init; }

    /// <summary>Given to the model by its chat template.</summary>
    public string? Description { get; init; }

    /// <summary>A JSON Schema of its input.</summary>
    public JsonElement? InputSchema { get; init; }

    /// <summary>Whether the schema must be enforced in full. Otherwise one that cannot be is loosened to any JSON object.</summary>
    public bool? Strict { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>Whether tools may or must be used.</summary>
public sealed record MessageToolChoice
{
    /// <summary>auto (the default), any (one of them must be), tool (that of the name must be) or none.</summary>
    [AllowedValues("auto", "any", "tool", "none")]
    public required string Type { get; init; }

    /// <summary>Of the tool, with type tool.</summary>
    public string? Name { get; init; }

    /// <summary>true = one use at most. Default false, where the model's syntax has room for several.</summary>
    public bool? DisableParallelToolUse { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
