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
/// <param name="Function">Which, in the last case.</param>
[JsonConverter(typeof(ToolChoiceConverter))]
public sealed record ToolChoice(string Mode, string? Function = null);

/// <summary>Reads and writes <see cref="ToolChoice"/>: a word, or <c>{"type":"function","function":{"name":…}}</c>.</summary>
public sealed class ToolChoiceConverter : JsonConverter<ToolChoice>
{
    private const string Function = "function";

    public override ToolChoice Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return new ToolChoice(reader.GetString()!);
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException();
        var choice = JsonElement.ParseValue(ref reader);
        return choice.TryGetProperty("type", out var type) && type.ValueEquals(Function)
            && choice.TryGetProperty(Function, out var function) && function.ValueKind == JsonValueKind.Object
            && function.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String
            ? new ToolChoice(Function, name.GetString())
            : throw new JsonException();
    }

    public override void Write(Utf8JsonWriter writer, ToolChoice value, JsonSerializerOptions options)
    {
        if (value.Function is null)
        {
            writer.WriteStringValue(value.Mode);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type", Function);
        writer.WriteStartObject(Function);
        writer.WriteString("name", value.Function);
        writer.WriteEndObject();
        writer.WriteEndObject();
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

/// <param name="Name">Of the function.</param>
/// <param name="Arguments">A JSON object as text.</param>
public sealed record FunctionCall(string Name, string Arguments);
