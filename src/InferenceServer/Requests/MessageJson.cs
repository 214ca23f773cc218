using System.Text.Json;
using InferenceServer.Models;

namespace InferenceServer.Requests;

/// <summary>A message as chat templates expect it.</summary>
internal static class MessageJson
{
    public static JsonElement Of(ChatMessage message, ServedModel model)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("role", message.Role == "developer" ? "system" : message.Role);
            writer.WriteString("content", message.Content?.Text ?? "");
            if (message.Name is not null) writer.WriteString("name", message.Name);
            if (message.ToolCallId is not null) writer.WriteString("tool_call_id", message.ToolCallId);
            if (model.Thinking.KeepThoughtsInHistory && (message.ReasoningContent ?? message.Reasoning) is { } thought) writer.WriteString("reasoning_content", thought);
            if (message.ToolCalls is { Count: > 0 } calls) WriteCalls(writer, calls, model.ToolSyntax?.ArgumentsAsText == true);
            writer.WriteEndObject();
        }

        return JsonElement.Parse(buffer.ToArray());
    }

    private static void WriteCalls(Utf8JsonWriter writer, IReadOnlyList<ChatToolCall> calls, bool asText)
    {
        writer.WriteStartArray("tool_calls");
        foreach (var call in calls)
        {
            writer.WriteStartObject();
            writer.WriteString("id", call.Id);
            writer.WriteString("type", call.Type);
            writer.WriteStartObject("function");
            writer.WriteString("name", call.Function.Name);
            writer.WritePropertyName("arguments");
            if (!asText && Parsed(call.Function.Arguments) is { } arguments) arguments.WriteTo(writer);
            else writer.WriteStringValue(call.Function.Arguments);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    // Clients send arguments as text, templates take them as an object.
    private static JsonElement? Parsed(string arguments)
    {
        try
        {
            var json = JsonElement.Parse(arguments);
            return json.ValueKind == JsonValueKind.Object ? json : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
