using System.Text.Json;
using System.Text.Json.Serialization;
using InferenceServer.Requests;

namespace InferenceServer.Responses;

/// <summary>A text, or items.</summary>
[JsonConverter(typeof(ResponseInputConverter))]
public sealed record ResponseInput(IReadOnlyList<InputItem> Items);

/// <summary>One item of a conversation: a message, the thoughts that came before one, a call of a function, or what it came to.</summary>
public sealed record InputItem
{
    /// <summary>message, which may be left out, reasoning, function_call or function_call_output.</summary>
    public string? Type { get; init; }

    /// <summary>Of a message: system, developer (taken as system), user or assistant.</summary>
    public string? Role { get; init; }

    /// <summary>Of a message or of reasoning: a string or parts with text.</summary>
    public ItemContent? Content { get; init; }

    /// <summary>Of reasoning: parts of type summary_text, the thought where there is no content.</summary>
    public IReadOnlyList<ContentPart>? Summary { get; init; }

    /// <summary>Of a call, and of its output.</summary>
    public string? CallId { get; init; }

    /// <summary>Of the function that was called.</summary>
    public string? Name { get; init; }

    /// <summary>Of a call: a JSON object as text.</summary>
    public string? Arguments { get; init; }

    /// <summary>What a call came to: a string or parts with text.</summary>
    public ItemContent? Output { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>A string or an array of parts.</summary>
[JsonConverter(typeof(ItemContentConverter))]
public sealed record ItemContent(IReadOnlyList<ContentPart> Parts);

/// <summary>Reads and writes <see cref="ResponseInput"/>.</summary>
public sealed class ResponseInputConverter : JsonConverter<ResponseInput>
{
    public override ResponseInput Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
            return new ResponseInput([new InputItem { Role = "user", Content = new ItemContent([new ContentPart { Type = "input_text", Text = reader.GetString() }]) }]);
        return new ResponseInput(NestedJson.ReadArray<InputItem>(ref reader, options));
    }

    public override void Write(Utf8JsonWriter writer, ResponseInput value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.Items, options.GetTypeInfo(typeof(IReadOnlyList<InputItem>)));
}

/// <summary>Reads and writes <see cref="ItemContent"/>.</summary>
public sealed class ItemContentConverter : JsonConverter<ItemContent>
{
    public override ItemContent Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return new ItemContent([new ContentPart { Type = "input_text", Text = reader.GetString() }]);
        return new ItemContent(NestedJson.ReadArray<ContentPart>(ref reader, options));
    }

    public override void Write(Utf8JsonWriter writer, ItemContent value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.Parts, options.GetTypeInfo(typeof(IReadOnlyList<ContentPart>)));
}
