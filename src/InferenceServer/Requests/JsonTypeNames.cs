using InferenceServer.Anthropic;
using InferenceServer.Native;
using InferenceServer.Responses;

namespace InferenceServer.Requests;

/// <summary>What a field may hold, in the words of an error message.</summary>
internal static class JsonTypeNames
{
    private static readonly Dictionary<Type, string> Names = new()
    {
        [typeof(string)] = "a string of valid Unicode",
        [typeof(bool)] = "true or false",
        [typeof(int)] = $"an integer, at most {int.MaxValue}",
        [typeof(long)] = $"an integer from {long.MinValue} to {long.MaxValue}",
        [typeof(double)] = "a number",
        [typeof(StopInput)] = "a string or an array of strings",
        [typeof(PromptInput)] = "a string, an array of strings, an array of token ids or an array of arrays of token ids",
        [typeof(ResponseInput)] = "a string or an array of items",
        [typeof(BlockContent)] = "a string or an array of blocks",
        [typeof(IReadOnlyList<InputMessage>)] = "an array of messages, each an object with role and content",
        [typeof(IReadOnlyList<int>)] = "an array of token ids",
        [typeof(IReadOnlyList<ChatTool>)] = "an array of tools, each an object with type and function",
        [typeof(IReadOnlyList<ResponseTool>)] = "an array of tools, each an object with type and name",
        [typeof(ResponseToolChoice)] = "none, auto, required, or an object that names a function",
        [typeof(ToolChoice)] = "none, auto, required, or an object that names a function",
        [typeof(ResponseFormat)] = "an object with a type",
        [typeof(StreamOptions)] = "an object",
        [typeof(ResponseStreamOptions)] = "an object",
        [typeof(PeekRequest)] = "an object with layers, an array of layer numbers, and top, a number",
        [typeof(IReadOnlyList<ChatMessage>)] = "an array of messages, each an object with role and content",
        [typeof(IReadOnlyDictionary<string, double>)] = "an object of token ids with numbers",
    };

    public static string? Describe(Type type) => Names.GetValueOrDefault(Nullable.GetUnderlyingType(type) ?? type);
}
