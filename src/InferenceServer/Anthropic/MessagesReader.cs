using InferenceServer.Errors;
using InferenceServer.Requests;

namespace InferenceServer.Anthropic;

/// <summary>From Anthropic's fields to the ones all endpoints share.</summary>
internal sealed class MessagesReader(UnknownFields unknown, int maxMessages)
{
    // A hint this server needs none of: prompts are cached as they come.
    private const string CacheControl = "cache_control";

    /// <returns>The request with its thinking and stop strings under their common names.</returns>
    /// <exception cref="ApiException">400: fields contradict each other.</exception>
    public T Common<T>(T asked)
        where T : MessagesFields
    {
        unknown.CheckInside("thinking", asked.Thinking?.Unknown);
        unknown.CheckInside("output_config", asked.OutputConfig?.Unknown);
        if (asked.StopSequences is { } stops)
        {
            if (asked.Stop is not null) throw Conflict("stop_sequences", "stop");
            asked = asked with { Stop = new StopInput(stops) };
        }

        if (asked.OutputConfig?.Effort is { } effort)
        {
            if (asked.ReasoningEffort is not null) throw Conflict("output_config.effort", "reasoning_effort");
            asked = asked with { ReasoningEffort = effort };
        }

        return Think(Formed(asked));
    }

    /// <exception cref="ApiException">400: the conversation cannot be read.</exception>
    public IReadOnlyList<ChatMessage> Conversation(MessagesFields asked)
    {
        var messages = new List<ChatMessage>();
        if (asked.System is { } system) messages.Add(new ChatMessage { Role = "system", Content = new MessageContent(Read(system, "system", mayThink: false).Text) });
        if (asked.Messages.Count > maxMessages)
            throw ApiException.Invalid("messages", $"A conversation may have {maxMessages} messages; it has {asked.Messages.Count}.");
        for (var i = 0; i < asked.Messages.Count; i++) messages.Add(Message(asked.Messages[i], $"messages[{i}]"));
        if (asked.Messages is not [.., { Role: "user" }])
            throw ApiException.Invalid("messages", "The last message must be the user's: the beginning of an answer cannot be given.");
        return messages;
    }

    private T Formed<T>(T asked)
        where T : MessagesFields
    {
        const string Param = "output_config.format";
        if (asked.OutputConfig?.Format is not { } format) return asked;
        unknown.CheckInside(Param, format.Unknown);
        if (format.Type != "json_schema") throw ApiException.Invalid($"{Param}.type", $"'{Param}.type' must be json_schema.");
        if (asked.ResponseFormat is not null) throw Conflict(Param, "response_format");
        return asked with { ResponseFormat = new ResponseFormat { Type = format.Type, JsonSchema = new JsonSchemaFormat { Name = "answer", Schema = format.Schema } } };
    }

    private static T Think<T>(T asked)
        where T : MessagesFields
    {
        const string Param = "thinking";
        if (asked.Thinking is not { } thinking)
        {
            // Who does not ask for thoughts must not find a thinking block where the text is expected.
            var asksOtherwise = asked.ThinkingTokenBudget is not null || asked.ReasoningEffort is not null || asked.Thoughts is not null;
            return asksOtherwise ? asked : asked with { IncludeReasoning = asked.IncludeReasoning ?? false };
        }

        if (asked.ThinkingTokenBudget is not null) throw Conflict(Param, "thinking_token_budget");
        if (thinking.BudgetTokens is not null && thinking.Type != "enabled")
            throw ApiException.Invalid($"{Param}.budget_tokens", $"'{Param}.budget_tokens' goes with type enabled.", "conflicting_parameters");
        switch (thinking.Type)
        {
            case "enabled":
                var budget = thinking.BudgetTokens
                    ?? throw ApiException.Invalid($"{Param}.budget_tokens", $"'{Param}.budget_tokens' is required with type enabled.", "missing_required_parameter");
                Bounds.Within($"{Param}.budget_tokens", budget, 1, int.MaxValue);
                if (budget >= asked.MaxTokens)
                    throw ApiException.Invalid($"{Param}.budget_tokens", $"'{Param}.budget_tokens' must be less than 'max_tokens', which bounds thought and answer together.");
                asked = asked with { ThinkingTokenBudget = budget };
                break;
            case "disabled":
                return asked with { ThinkingTokenBudget = 0 };
            case "adaptive":
                break;
            default:
                throw ApiException.Invalid($"{Param}.type", $"'{Param}.type' must be enabled, adaptive or disabled.");
        }

        var shows = thinking.Display switch
        {
            null or "summarized" => true,
            "omitted" => false,
            _ => throw ApiException.Invalid($"{Param}.display", $"'{Param}.display' must be summarized or omitted."),
        };
        return shows ? asked : asked with { IncludeReasoning = false };
    }

    private static ApiException Conflict(string one, string other) =>
        ApiException.Invalid(one, $"'{one}' and '{other}' mean the same: send one.", "conflicting_parameters");

    private ChatMessage Message(InputMessage message, string param)
    {
        if (message is null) throw ApiException.Invalid(param, $"'{param}' must be an object with role and content.", "invalid_type");
        unknown.CheckInside(param, message.Unknown);
        if (message.Role is not ("user" or "assistant")) throw ApiException.Invalid($"{param}.role", $"'{param}.role' must be user or assistant.");
        var (text, thought) = Read(message.Content, $"{param}.content", mayThink: message.Role == "assistant");
        return new ChatMessage { Role = message.Role, Content = new MessageContent(text), ReasoningContent = thought };
    }

    private (string Text, string? Thought) Read(BlockContent content, string param, bool mayThink)
    {
        var texts = new List<string>();
        string? thought = null;
        for (var i = 0; i < content.Blocks.Count; i++)
        {
            var block = content.Blocks[i];
            if (block is { Type: "text", Text: { } text }) texts.Add(text);
            else if (block is { Type: "thinking", Thinking: { } thinking } && mayThink) thought += thinking;
            else if (block.Type != "redacted_thinking" || !mayThink) throw Foreign($"{param}[{i}]", mayThink);
            unknown.CheckInside($"{param}[{i}]", block.Unknown, CacheControl, block.Type == "text" ? "citations" : "data");
        }

        return (string.Join('\n', texts), thought);
    }

    private static ApiException Foreign(string param, bool mayThink) => ApiException.Invalid(
        $"{param}.type", $"'{param}' may only be a block of type {(mayThink ? "text or thinking" : "text")}, with its {(mayThink ? "text or thought" : "text")}.", "unsupported_parameter");
}
