using InferenceServer.Errors;
using InferenceServer.Requests;

namespace InferenceServer.Responses;

/// <summary>Instructions and items as the messages of a chat; thoughts belong to the assistant's message behind them.</summary>
internal sealed class InputConversation(UnknownFields unknown, int maxMessages)
{
    // What items of an earlier answer carry beside their text, and what OpenAI's clients add to them.
    private static readonly string[] Labels = ["id", "status", "phase", "encrypted_content"];
    private static readonly string[] PartLabels = ["annotations", "logprobs", "parsed"];

    private readonly List<ChatMessage> _messages = [];
    private string? _thought;

    /// <exception cref="ApiException">400: an item cannot be read.</exception>
    public IReadOnlyList<ChatMessage> Read(ResponseRequest request)
    {
        if (request.Instructions is { } instructions) _messages.Add(new ChatMessage { Role = "system", Content = new MessageContent(instructions) });
        var items = request.Input.Items;
        if (items.Count == 0) throw ApiException.Invalid("input", "The input is empty: send a text or at least one item.");
        if (items.Count > maxMessages) throw ApiException.Invalid("input", $"An input may have {maxMessages} items; it has {items.Count}.");
        for (var i = 0; i < items.Count; i++) Add(items[i], $"input[{i}]");
        return _messages;
    }

    private void Add(InputItem item, string param)
    {
        unknown.CheckInside(param, item.Unknown, Labels);
        switch (item.Type)
        {
            case null or "message":
                _messages.Add(Message(item, param));
                _thought = null;
                break;
            case "reasoning":
                _thought += item.Content is { Parts.Count: > 0 } || item.Summary is null
                    ? Text(item.Content, $"{param}.content", "reasoning_text")
                    : Text(new ItemContent(item.Summary), $"{param}.summary", "summary_text");
                break;
            case "item_reference":
                throw ApiException.Invalid($"{param}.type", "This server keeps no items: send the item itself (clients do so with 'store' false).", "unsupported_parameter");
            default:
                throw ApiException.Invalid($"{param}.type", $"'{param}.type' may be message or reasoning.", "unsupported_parameter");
        }
    }

    private ChatMessage Message(InputItem item, string param)
    {
        if (item.Role is not ("system" or "developer" or "user" or "assistant"))
            throw ApiException.Invalid($"{param}.role", $"'{param}.role' must be system, developer, user or assistant.");
        if (item.Content is null) throw ApiException.Invalid($"{param}.content", $"'{param}.content' is required.", "missing_required_parameter");
        return new ChatMessage
        {
            Role = item.Role,
            Content = new MessageContent(Text(item.Content, $"{param}.content", "input_text", "output_text", "text")),
            ReasoningContent = item.Role == "assistant" ? _thought : null,
        };
    }

    private string Text(ItemContent? content, string param, params string[] types)
    {
        var parts = content?.Parts ?? [];
        if (parts.Any(part => !types.Contains(part.Type) || part.Text is null))
            throw ApiException.Invalid(param, $"'{param}' may only have parts of type {string.Join(", ", types)}, each with its text.", "unsupported_parameter");
        for (var i = 0; i < parts.Count; i++) unknown.CheckInside($"{param}[{i}]", parts[i].Unknown, parts[i].Type == "output_text" ? PartLabels : []);
        return string.Join('\n', parts.Select(part => part.Text));
    }
}
