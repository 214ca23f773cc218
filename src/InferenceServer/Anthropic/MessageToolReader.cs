using InferenceServer.Errors;
using InferenceServer.Requests;

namespace InferenceServer.Anthropic;

/// <summary>Tools and choices as Anthropic has them.</summary>
internal sealed class MessageToolReader(UnknownFields unknown)
{
    private const string Choice = ToolMapper.ChoiceParam;

    /// <exception cref="ApiException">400: a tool is none, or none of the client's.</exception>
    public ToolRequest Read(MessagesFields asked)
    {
        var choice = asked.ToolChoice;
        return new ToolRequest
        {
            Mode = choice is null ? ToolMode.Auto : Mode(choice),
            Named = choice?.Name,
            NamedParam = $"{Choice}.name",
            OtherChoices = "of type any, tool or none",
            Tools = [.. (asked.Tools ?? []).Select((tool, index) => Offered(tool, $"{ToolMapper.Param}[{index}]"))],
            Several = choice?.DisableParallelToolUse != true,
        };
    }

    private ToolMode Mode(MessageToolChoice choice)
    {
        unknown.CheckInside(Choice, choice.Unknown);
        unknown.CheckUnused(
            Choice,
            choice.Type switch { "tool" => ["name", "disable_parallel_tool_use"], "none" => [], _ => ["disable_parallel_tool_use"] },
            ("name", choice.Name),
            ("disable_parallel_tool_use", choice.DisableParallelToolUse));
        if (choice is { Type: "tool", Name: null }) throw ApiException.Invalid($"{Choice}.name", $"'{Choice}.name' is required with this type.", "missing_required_parameter");
        return choice.Type switch
        {
            "auto" => ToolMode.Auto,
            "any" => ToolMode.Required,
            "tool" => ToolMode.One,
            "none" => ToolMode.None,
            _ => throw ApiException.Invalid($"{Choice}.type", $"'{Choice}.type' must be auto, any, tool or none."),
        };
    }

    private OfferedTool Offered(MessageTool tool, string param)
    {
        if (tool is null) throw ApiException.Invalid(param, $"'{param}' must be an object with name and input_schema.", "invalid_type");
        if (tool.Type is not (null or "custom"))
            throw ApiException.Invalid($"{param}.type", $"'{param}.type' must be custom: this server has no tools of its own.", "unsupported_parameter");
        // Hints this server needs none of: prompts are cached as they come, and so is input streamed.
        unknown.CheckInside(param, tool.Unknown, "cache_control", "eager_input_streaming");
        var name = tool.Name ?? throw Missing($"{param}.name");
        var schema = tool.InputSchema ?? throw Missing($"{param}.input_schema");
        return new OfferedTool($"{param}.name", name, tool.Description, schema, tool.Strict == true);
    }

    private static ApiException Missing(string param) => ApiException.Invalid(param, $"'{param}' is required.", "missing_required_parameter");
}
