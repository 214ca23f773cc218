using System.Text.Json;
using System.Text.Json.Serialization;

namespace InferenceServer.Requests;

/// <summary>What the answer must look like. Thoughts stay free. See docs/structured-output.md.</summary>
public sealed record ResponseFormat
{
    /// <summary>text, json_object or json_schema.</summary>
    public required string Type { get; init; }

    /// <summary>With json_schema only.</summary>
    public JsonSchemaFormat? JsonSchema { get; init; }

    /// <summary>With json_object: a JSON Schema the answer satisfies, as llama.cpp's clients and others send it.</summary>
    public JsonElement? Schema { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>A JSON Schema the answer satisfies.</summary>
public sealed record JsonSchemaFormat
{
    /// <summary>Up to 64 letters, digits, underscores and dashes.</summary>
    public required string Name { get; init; }

    /// <summary>Has no effect: say in a message what you want.</summary>
    public string? Description { get; init; }

    /// <summary>The schema; any JSON object where there is none.</summary>
    public JsonElement? Schema { get; init; }

    /// <summary>Whether keywords that JSON Schema does not know, and formats that cannot be enforced, are refused instead of being annotations. The schema is enforced either way.</summary>
    public bool? Strict { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
