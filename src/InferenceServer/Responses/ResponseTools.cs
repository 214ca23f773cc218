using System.Text.Json;
using System.Text.Json.Serialization;
using InferenceServer.Requests;
using InferenceServer.Swagger;

namespace InferenceServer.Responses;

/// <summary>A function the model may call instead of answering.</summary>
[RequiresField("name")]
public sealed record ResponseTool
{
    /// <summary>function: this server has no tools of its own.</summary>
    public required string Type { get; init; }

    /// <summary>Required; up to 128 letters, digits, underscores and dashes.</summary>
    public string? Name { get; init; }

    /// <summary>Given to the model by its chat template.</summary>
    public string? Description { get; init; }

    /// <summary>A JSON Schema of its arguments; none are taken where there is none.</summary>
    public JsonElement? Parameters { get; init; }

    /// <summary>Whether the schema must be enforced in full. Otherwise one that cannot be is loosened to any JSON object.</summary>
    public bool? Strict { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>none, auto, required, or the one function to call.</summary>
/// <param name="Mode">The word, where it is one.</param>
/// <param name="Named">The function, where it is none.</param>
[JsonConverter(typeof(ResponseToolChoiceConverter))]
public sealed record ResponseToolChoice(string? Mode, NamedResponseTool? Named = null);

/// <summary>The one function to call.</summary>
public sealed record NamedResponseTool
{
    /// <summary>function.</summary>
    public required string Type { get; init; }

    /// <summary>Required.</summary>
    public string? Name { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>Reads and writes <see cref="ResponseToolChoice"/>: a word, or <c>{"type":"function","name":…}</c>.</summary>
public sealed class ResponseToolChoiceConverter : JsonConverter<ResponseToolChoice>
{
    public override ResponseToolChoice Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType == JsonTokenType.String
        ? new ResponseToolChoice(reader.GetString())
        : new ResponseToolChoice(null, NestedJson.Read<NamedResponseTool>(ref reader, options));

    public override void Write(Utf8JsonWriter writer, ResponseToolChoice value, JsonSerializerOptions options)
    {
        if (value.Named is { } named) JsonSerializer.Serialize(writer, named, options.GetTypeInfo(typeof(NamedResponseTool)));
        else writer.WriteStringValue(value.Mode);
    }
}
