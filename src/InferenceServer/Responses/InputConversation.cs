using InferenceServer.Errors;
using InferenceServer.Requests;

namespace InferenceServer.Responses;

/// <summary>
/// Instructions and items as the messages of a chat. Thoughts and calls belong to the assistant's message they come before and
/// behind; calls that follow each other are of one message.
/// </summary>
internal sealed class InputConversation(UnknownFields unknown, int maxMessages)
{
    private const string Assistant = "assistant";

    // What items of an earlier answer carry beside their text, and what OpenAI's clients add to them.
    private static readonly string[] Labels = ["id", "status", "phase", "encrypted_content"];
    private static readonly string[] CallLabels = ["id", "status", "caller", "parsed_arguments"];
    private static readonly string[] PartLabels = ["annotations", "logprobs", "parsed"];

    private readonly List<ChatMessage> _messages = [];
    private readonly ConversationCalls _calls = new();
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
        switch (item.Type)
        {
            case null or "message":
                Check(item, param, Labels, "role", "content");
                _messages.Add(Message(item, param));
                _thought = null;
                break;
            case "reasoning":
                Check(item, param, Labels, "content", "summary");
                _thought += item.Content is { Parts.Count: > 0 } || item.Summary is null
                    ? Text(item.Content, $"{param}.content", "reasoning_text")
                    : Text(new ItemContent(item.Summary), $"{param}.summary", "summary_text");
                break;
            case "function_call":
                Check(item, param, CallLabels, "call_id", "name", "arguments");
                AddCall(item, param);
                break;
            case "function_call_output":
                Check(item, param, CallLabels, "call_id", "output");
                _messages.Add(Output(item, param));
                break;
            case "item_reference":
                throw ApiException.Invalid($"{param}.type", "This server keeps no items: send the item itself (clients do so with 'store' false).", "unsupported_parameter");
            default:
                throw ApiException.Invalid($"{param}.type", $"'{param}.type' may be message, reasoning, function_call or function_call_output.", "unsupported_parameter");
        }
    }

    private ChatMessage Message(InputItem item, string param)
    {
        if (item.Role is not ("system" or "developer" or "user" or Assistant))
            throw ApiException.Invalid($"{param}.role", $"'{param}.role' must be system, developer, user or assistant.");
        return new ChatMessage
        {
            Role = item.Role,
            Content = new MessageContent(Text(Required(item.Content, $"{param}.content"), $"{param}.content", "input_text", "output_text", "text")),
            ReasoningContent = item.Role == Assistant ? _thought : null,
            Origin = param,
        };
    }

    private void AddCall(InputItem item, string param)
    {
        var idParam = $"{param}.call_id";
        var call = _calls.Add(Required(item.CallId, idParam), Required(item.Name, $"{param}.name"), Required(item.Arguments, $"{param}.arguments"), idParam);
        if (_messages is not [.., { Role: Assistant }]) _messages.Add(new ChatMessage { Role = Assistant, Origin = param });
        var message = _messages[^1];
        _messages[^1] = message with { ToolCalls = [.. message.ToolCalls ?? [], call], ReasoningContent = _thought is null ? message.ReasoningContent : message.ReasoningContent + _thought };
        _thought = null;
    }

    private ChatMessage Output(InputItem item, string param)
    {
        var (idParam, outputParam) = ($"{param}.call_id", $"{param}.output");
        return _calls.Result(Required(item.CallId, idParam), Text(Required(item.Output, outputParam), outputParam, "input_text", "output_text", "text"), idParam, param);
    }

    private static T Required<T>(T? value, string param)
        where T : class => value ?? throw ApiException.Invalid(param, $"'{param}' is required.", "missing_required_parameter");

    private void Check(InputItem item, string param, string[] labels, params ReadOnlySpan<string> used)
    {
        unknown.CheckInside(param, item.Unknown, labels);
        unknown.CheckUnused(param, used, ("role", item.Role), ("content", item.Content), ("summary", item.Summary), ("call_id", item.CallId), ("name", item.Name), ("arguments", item.Arguments), ("output", item.Output));
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
