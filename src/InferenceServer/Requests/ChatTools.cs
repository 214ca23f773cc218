using System.Text.Json;
using System.Text.Json.Serialization;

namespace InferenceServer.Requests;

/// <summary>Something the model may call instead of answering.</summary>
public sealed record ChatTool
{
    /// <summary>function.</summary>
    public required string Type { get; init; }

    public required FunctionDefinition Function { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>A function of the client's.</summary>
public sealed record FunctionDefinition
{
    /// <summary>Up to 64 letters, digits, underscores and dashes.</summary>
    public required string Name { get; init; }

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
/// <param name="Mode">none, auto, required or function.</param>
/// <param name="Named">Which, in the last case.</param>
[JsonConverter(typeof(ToolChoiceConverter))]
public sealed record ToolChoice(string Mode, NamedTool? Named = null);

/// <summary>The one tool to call.</summary>
public sealed record NamedTool
{
    /// <summary>function.</summary>
    public required string Type { get; init; }

    public required NamedFunction Function { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>The one function to call.</summary>
public sealed record NamedFunction
{
    public required string Name { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>Reads and writes <see cref="ToolChoice"/>: a word, or <c>{"type":"function","function":{"name":…}}</c>.</summary>
public sealed class ToolChoiceConverter : JsonConverter<ToolChoice>
{
    private const string Function = "function";

    public override ToolChoice Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return new ToolChoice(reader.GetString()!);
        var named = NestedJson.Read<NamedTool>(ref reader, options);
        return named.Type == Function ? new ToolChoice(Function, named) : throw new JsonException();
    }

    public override void Write(Utf8JsonWriter writer, ToolChoice value, JsonSerializerOptions options)
    {
        if (value.Named is { } named) JsonSerializer.Serialize(writer, named, options.GetTypeInfo(typeof(NamedTool)));
        else writer.WriteStringValue(value.Mode);
    }
}

/// <summary>A call the model made in an earlier turn.</summary>
public sealed record ChatToolCall
{
    /// <summary>What the tool's answer names it by.</summary>
    public required string Id { get; init; }

    /// <summary>function.</summary>
    public required string Type { get; init; }

    public required FunctionCall Function { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>Which function, and with what.</summary>
public sealed record FunctionCall
{
    public required string Name { get; init; }

    /// <summary>A JSON object as text.</summary>
    public required string Arguments { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
