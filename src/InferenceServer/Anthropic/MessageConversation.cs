using System.Text.Json;
using InferenceServer.Errors;
using InferenceServer.Requests;

namespace InferenceServer.Anthropic;

/// <summary>Anthropic's turns as the messages of a chat: what tools came to, blocks of a user's turn here, are messages of their own there.</summary>
internal sealed class MessageConversation(UnknownFields unknown, int maxMessages)
{
    private const string Assistant = "assistant";
    private const string Error = "Error";

    // A hint this server needs none of: prompts are cached as they come.
    private const string CacheControl = "cache_control";

    private readonly List<ChatMessage> _messages = [];
    private readonly ConversationCalls _calls = new();

    /// <exception cref="ApiException">400: the conversation cannot be read.</exception>
    public IReadOnlyList<ChatMessage> Read(MessagesFields asked)
    {
        if (asked.System is { } system) _messages.Add(new ChatMessage { Role = "system", Content = new MessageContent(Text(system, "system")) });
        if (asked.Messages.Count > maxMessages)
            throw ApiException.Invalid("messages", $"A conversation may have {maxMessages} messages; it has {asked.Messages.Count}.");
        for (var i = 0; i < asked.Messages.Count; i++)
        {
            var (message, param) = (asked.Messages[i], $"messages[{i}]");
            if (message is null) throw ApiException.Invalid(param, $"'{param}' must be an object with role and content.", "invalid_type");
            unknown.CheckInside(param, message.Unknown);
            if (message.Role == Assistant) AddAnswer(message.Content, param);
            else if (message.Role == "user") AddTurn(message.Content, param);
            else throw ApiException.Invalid($"{param}.role", $"'{param}.role' must be user or assistant.");
        }

        if (asked.Messages is not [.., { Role: "user" }])
            throw ApiException.Invalid("messages", "The last message must be the user's: the beginning of an answer cannot be given.");
        return _messages;
    }

    private void AddAnswer(BlockContent content, string param)
    {
        var texts = new List<string>();
        var calls = new List<ChatToolCall>();
        string? thought = null;
        for (var i = 0; i < content.Blocks.Count; i++)
        {
            var (block, at) = (content.Blocks[i], $"{param}.content[{i}]");
            if (block is { Type: "text", Text: { } text }) texts.Add(Checked(text, block, at));
            else if (block is { Type: "thinking", Thinking: { } thinking }) thought += Checked(thinking, block, at);
            else if (block.Type == "tool_use") calls.Add(Call(Checked(block, block, at), at));
            else if (block.Type == "redacted_thinking") Checked(block, block, at);
            else throw Foreign(at, "text, thinking or tool_use, with its text, thought or use");
        }

        _messages.Add(new ChatMessage
        {
            Role = Assistant,
            Content = new MessageContent(string.Join('\n', texts)),
            ReasoningContent = thought,
            ToolCalls = calls.Count == 0 ? null : calls,
            Origin = param,
        });
    }

    private void AddTurn(BlockContent content, string param)
    {
        var texts = new List<string>();
        var before = _messages.Count;
        for (var i = 0; i < content.Blocks.Count; i++)
        {
            var (block, at) = (content.Blocks[i], $"{param}.content[{i}]");
            if (block is { Type: "text", Text: { } text })
            {
                texts.Add(Checked(text, block, at));
            }
            else if (block.Type == "tool_result")
            {
                if (texts.Count > 0) _messages.Add(Said(texts, param));
                texts.Clear();
                _messages.Add(Result(Checked(block, block, at), at));
            }
            else
            {
                throw Foreign(at, "text or tool_result, with its text or result");
            }
        }

        if (texts.Count > 0 || _messages.Count == before) _messages.Add(Said(texts, param));
    }

    private static ChatMessage Said(List<string> texts, string param) => new() { Role = "user", Content = new MessageContent(string.Join('\n', texts)), Origin = param };

    private ChatToolCall Call(InputBlock block, string param)
    {
        var idParam = $"{param}.id";
        var (id, name, input) = (Required(block.Id, idParam), Required(block.Name, $"{param}.name"), block.Input ?? throw Missing($"{param}.input"));
        if (input.ValueKind != JsonValueKind.Object) throw ApiException.Invalid($"{param}.input", $"'{param}.input' must be an object.", "invalid_type");
        return _calls.Add(id, name, input.GetRawText(), idParam);
    }

    private ChatMessage Result(InputBlock block, string param)
    {
        var text = block.Content is { } content ? Text(content, $"{param}.content") : "";
        // Chat templates have no word for a tool that failed.
        if (block.IsError == true && !text.StartsWith(Error, StringComparison.OrdinalIgnoreCase)) text = $"{Error}: {text}";
        return _calls.Result(Required(block.ToolUseId, $"{param}.tool_use_id"), text, $"{param}.tool_use_id", param);
    }

    /// <summary>Of content that may only be text.</summary>
    private string Text(BlockContent content, string param)
    {
        var texts = new List<string>();
        for (var i = 0; i < content.Blocks.Count; i++)
        {
            var (block, at) = (content.Blocks[i], $"{param}[{i}]");
            texts.Add(block is { Type: "text", Text: { } text } ? Checked(text, block, at) : throw Foreign(at, "text, with its text"));
        }

        return string.Join('\n', texts);
    }

    /// <returns>The value, of a block that holds nothing that would be ignored.</returns>
    private T Checked<T>(T value, InputBlock block, string param)
    {
        unknown.CheckInside(param, block.Unknown, CacheControl, block.Type switch { "text" => "citations", "tool_use" => "caller", "redacted_thinking" => "data", _ => CacheControl });
        unknown.CheckUnused(
            param,
            block.Type switch
            {
                "text" => ["text"],
                "thinking" => ["thinking", "signature"],
                "tool_use" => ["id", "name", "input"],
                "tool_result" => ["tool_use_id", "content", "is_error"],
                _ => [],
            },
            ("text", block.Text),
            ("thinking", block.Thinking),
            ("signature", block.Signature),
            ("id", block.Id),
            ("name", block.Name),
            ("input", block.Input),
            ("tool_use_id", block.ToolUseId),
            ("content", block.Content),
            ("is_error", block.IsError));
        return value;
    }

    private static string Required(string? value, string param) => value ?? throw Missing(param);

    private static ApiException Missing(string param) => ApiException.Invalid(param, $"'{param}' is required.", "missing_required_parameter");

    private static ApiException Foreign(string param, string types) =>
        ApiException.Invalid($"{param}.type", $"'{param}' may only be a block of type {types}.", "unsupported_parameter");
}
