using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace InferenceServer.Requests;

/// <summary>One turn of a conversation.</summary>
public sealed record ChatMessage
{
    /// <summary>system, developer (taken as system), user, assistant or tool.</summary>
    [AllowedValues("system", "developer", "user", "assistant", "tool")]
    public required string Role { get; init; }

    /// <summary>What was said.</summary>
    public MessageContent? Content { get; init; }

    /// <summary>Given to the chat template, which may use it.</summary>
    public string? Name { get; init; }

    /// <summary>Thoughts of an earlier turn. Kept only where the checkpoint says <c>keep_thoughts_in_history</c>.</summary>
    public string? ReasoningContent { get; init; }

    /// <summary>The same under another server's name.</summary>
    public string? Reasoning { get; init; }

    /// <summary>Calls an assistant made.</summary>
    public IReadOnlyList<ChatToolCall>? ToolCalls { get; init; }

    /// <summary>The call a tool answers.</summary>
    public string? ToolCallId { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    /// <summary>Where in the request it comes from, where that is not this message of <c>messages</c>.</summary>
    internal string? Origin { get; init; }
}

/// <summary>A string, or an array of text parts, which are joined with line feeds.</summary>
/// <param name="Text">What the message says.</param>
[JsonConverter(typeof(MessageContentConverter))]
public sealed record MessageContent(string Text)
{
    /// <summary>The array as it came; empty where there was none.</summary>
    public IReadOnlyList<ContentPart> Parts { get; init; } = [];
}

/// <summary>One part of a message; only parts of type text can be read.</summary>
public sealed record ContentPart
{
    public required string Type { get; init; }

    public string? Text { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>Reads and writes <see cref="MessageContent"/>.</summary>
public sealed class MessageContentConverter : JsonConverter<MessageContent>
{
    public override MessageContent Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return new MessageContent(reader.GetString()!);
        var parts = NestedJson.ReadArray<ContentPart>(ref reader, options);
        return new MessageContent(string.Join('\n', parts.Select(part => part.Text))) { Parts = parts };
    }

    public override void Write(Utf8JsonWriter writer, MessageContent value, JsonSerializerOptions options) => writer.WriteStringValue(value.Text);
}
