using InferenceServer.Errors;

namespace InferenceServer.Requests;

/// <summary>The calls a conversation holds, in formats that keep what they came to apart from them.</summary>
internal sealed class ConversationCalls
{
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal); // by id

    /// <param name="idParam">Where in the request the id stands.</param>
    /// <exception cref="ApiException">400: another call has this id.</exception>
    public ChatToolCall Add(string id, string name, string arguments, string idParam)
    {
        if (!_names.TryAdd(id, name)) throw ApiException.Invalid(idParam, $"'{idParam}' is the id of an earlier call too: give each its own.");
        return new ChatToolCall { Id = id, Type = "function", Function = new FunctionCall { Name = name, Arguments = arguments } };
    }

    /// <summary>What a call came to. Templates may show the name of its tool, which formats leave to the id.</summary>
    /// <exception cref="ApiException">400: no call has this id.</exception>
    public ChatMessage Result(string id, string text, string idParam, string origin) => new()
    {
        Role = "tool",
        ToolCallId = id,
        Name = _names.GetValueOrDefault(id) ?? throw ApiException.Invalid(idParam, $"'{idParam}' is the id of no call before it: send the call too."),
        Content = new MessageContent(text),
        Origin = origin,
    };
}
