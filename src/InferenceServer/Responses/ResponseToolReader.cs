using InferenceServer.Errors;
using InferenceServer.OpenAI;
using InferenceServer.Requests;

namespace InferenceServer.Responses;

/// <summary>Tools and choices as this format has them.</summary>
internal sealed class ResponseToolReader(UnknownFields unknown)
{
    private const string Function = "function";

    /// <exception cref="ApiException">400: a tool is none, or none of the client's.</exception>
    public ToolRequest Read(ResponseRequest asked)
    {
        // A bound on calls of tools the server has; it has none.
        if (asked.MaxToolCalls is { } most) Bounds.Within("max_tool_calls", most, 1, int.MaxValue);
        var named = asked.ToolChoice?.Named;
        return new ToolRequest
        {
            Mode = named is null ? ChatToolReader.Mode(asked.ToolChoice?.Mode ?? "auto") : ToolMode.One,
            Named = named is null ? null : Name(named),
            NamedParam = $"{ToolMapper.ChoiceParam}.name",
            OtherChoices = "required, a function's name, or none",
            Tools = [.. (asked.Tools ?? []).Select((tool, index) => Offered(tool, $"{ToolMapper.Param}[{index}]"))],
            Several = asked.ParallelToolCalls != false,
        };
    }

    private string Name(NamedResponseTool named)
    {
        const string Param = ToolMapper.ChoiceParam;
        if (named.Type != Function)
            throw ApiException.Invalid($"{Param}.type", $"'{Param}' may be none, auto, required or name a function: this server has no tools of its own.", "unsupported_parameter");
        unknown.CheckInside(Param, named.Unknown);
        return named.Name ?? throw ApiException.Invalid($"{Param}.name", $"'{Param}.name' is required.", "missing_required_parameter");
    }

    private OfferedTool Offered(ResponseTool tool, string param)
    {
        if (tool is null) throw ApiException.Invalid(param, $"'{param}' must be an object with type and name.", "invalid_type");
        if (tool.Type != Function)
            throw ApiException.Invalid($"{param}.type", $"'{param}.type' must be function: this server has no tools of its own.", "unsupported_parameter");
        unknown.CheckInside(param, tool.Unknown);
        var name = tool.Name ?? throw ApiException.Invalid($"{param}.name", $"'{param}.name' is required.", "missing_required_parameter");
        return new OfferedTool($"{param}.name", name, tool.Description, tool.Parameters, tool.Strict == true);
    }
}
