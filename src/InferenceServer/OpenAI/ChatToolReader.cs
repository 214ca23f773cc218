using InferenceServer.Errors;
using InferenceServer.Requests;

namespace InferenceServer.OpenAI;

/// <summary>Tools and choices as chat has them.</summary>
internal sealed class ChatToolReader(UnknownFields unknown)
{
    private const string Choices = "none, auto, required or name a function";
    private const int MaxNameLength = 64;

    /// <exception cref="ApiException">400: a tool is none.</exception>
    public ToolRequest Read(ChatRequest chat)
    {
        var named = chat.ToolChoice?.Named;
        unknown.CheckInside(ToolMapper.ChoiceParam, named?.Unknown);
        unknown.CheckInside($"{ToolMapper.ChoiceParam}.function", named?.Function.Unknown);
        return new ToolRequest
        {
            Mode = named is null ? Mode(chat.ToolChoice?.Mode ?? "auto") : ToolMode.One,
            Named = named?.Function.Name,
            NamedParam = $"{ToolMapper.ChoiceParam}.function.name",
            OtherChoices = "required, a function's name, or none",
            Tools = [.. (chat.Tools ?? []).Select((tool, index) => Offered(tool, $"{ToolMapper.Param}[{index}]"))],
            Several = chat.ParallelToolCalls != false,
            MaxNameLength = MaxNameLength,
        };
    }

    /// <summary>A choice that is a word.</summary>
    /// <exception cref="ApiException">400: it is another word.</exception>
    public static ToolMode Mode(string word) => word switch
    {
        "none" => ToolMode.None,
        "auto" => ToolMode.Auto,
        "required" => ToolMode.Required,
        _ => throw ApiException.Invalid(ToolMapper.ChoiceParam, $"'{ToolMapper.ChoiceParam}' must be {Choices}."),
    };

    private OfferedTool Offered(ChatTool tool, string param)
    {
        if (tool is null) throw ApiException.Invalid(param, $"'{param}' must be an object with type and function.", "invalid_type");
        if (tool.Type != "function") throw ApiException.Invalid($"{param}.type", $"'{param}.type' must be function.", "unsupported_parameter");
        unknown.CheckInside(param, tool.Unknown);
        unknown.CheckInside($"{param}.function", tool.Function.Unknown);
        return new OfferedTool($"{param}.function.name", tool.Function.Name, tool.Function.Description, tool.Function.Parameters, tool.Function.Strict == true);
    }
}
