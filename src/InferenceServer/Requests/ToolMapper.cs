using System.Text;
using System.Text.Json;
using InferenceServer.Errors;
using InferenceServer.Models;
using InferenceServer.Models.Constraints;
using InferenceServer.Models.Tools;

namespace InferenceServer.Requests;

/// <summary>What a request says of tools, held against what the model's chat template knows of them.</summary>
public sealed class ToolMapper(UnknownFields unknown)
{
    private const string Param = "tools";
    private const string ChoiceParam = "tool_choice";
    private const int MaxTools = 128;

    private static readonly JsonElement AnyObject = JsonElement.Parse("""{"type":"object"}""");

    /// <summary>Null = the model calls nothing.</summary>
    /// <exception cref="ApiException">400: a tool is none, or this model cannot be given it.</exception>
    public ToolDemand? Demand(IReadOnlyList<ChatTool>? tools, ToolChoice? choice, bool? parallel, ResponseFormat? format, ServedModel model)
    {
        var mode = Mode(tools, choice);
        unknown.CheckInside(ChoiceParam, choice?.Named?.Unknown);
        unknown.CheckInside($"{ChoiceParam}.function", choice?.Named?.Function.Unknown);
        if (tools is null || tools.Count == 0) return null;
        Check(tools);
        if (mode == "none") return null;
        var callable = choice?.Named?.Function.Name is { } name
            ? [tools.FirstOrDefault(tool => tool.Function.Name == name) ?? throw ApiException.Invalid($"{ChoiceParam}.function.name", $"'{ChoiceParam}' names a function that is not among the 'tools'.")]
            : tools;
        var syntax = model.ToolSyntax;
        if (mode == "auto" && syntax is not { IsTold: true })
        {
            throw ApiException.Invalid(
                ChoiceParam,
                $"'{model.Name}' cannot choose: its chat template does not tell it of tools, or writes calls in a form this server cannot read. Send '{ChoiceParam}' required, a function's name, or none.",
                "unsupported_parameter");
        }

        return new ToolDemand
        {
            Tools = [.. callable.Select(tool => new ToolDefinition(tool.Function.Name, tool.Function.Parameters, tool.Function.Strict == true))],
            Syntax = syntax ?? ToolSyntax.Plain,
            MustCall = mode != "auto",
            AnswerIsBound = format is { Type: not "text" },
            Several = parallel != false && mode != "function",
        };
    }

    /// <summary>The rules of an answer that may or must be a call.</summary>
    /// <exception cref="ApiException">400: a schema cannot be enforced.</exception>
    public static Task<AnswerConstraint> CompileAsync(ToolDemand demand, ResponseFormat? format, ServedModel model, CancellationToken cancellation)
    {
        var (schema, strict) = ConstraintMapper.SchemaOf(format);
        if (demand.AnswerIsBound) schema ??= AnyObject;
        if (demand.MustCall) schema = null;
        var key = new StringBuilder($"tools {demand.MustCall} {demand.Several} {strict} {schema?.GetRawText()}");
        foreach (var tool in demand.Tools) key.Append(tool.Name).Append(' ').Append(tool.Strict).Append(' ').Append(tool.Parameters?.GetRawText()).Append('\n');
        return ConstraintMapper.CompileAsync(
            Param, model, key.ToString(), compiler => compiler.Tools(demand, text => model.Tokenizer.TokenToId(text) is { } id && model.Tokenizer.IsSpecial(id), schema, strict), cancellation);
    }

    /// <summary>The definitions as chat templates expect them.</summary>
    public static IReadOnlyList<JsonElement>? ForTemplate(IReadOnlyList<ChatTool>? tools, ToolChoice? choice)
    {
        if (tools is null || tools.Count == 0 || choice?.Mode == "none") return null;
        return [.. tools.Select(tool => Written(tool.Function))];
    }

    private static JsonElement Written(FunctionDefinition function)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "function");
            writer.WriteStartObject("function");
            writer.WriteString("name", function.Name);
            writer.WriteString("description", function.Description ?? "");
            writer.WritePropertyName("parameters");
            if (function.Parameters is { } parameters) parameters.WriteTo(writer);
            else writer.WriteRawValue("""{"type":"object","properties":{}}""");
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return JsonElement.Parse(buffer.ToArray());
    }

    private static string Mode(IReadOnlyList<ChatTool>? tools, ToolChoice? choice)
    {
        var mode = choice?.Mode ?? "auto";
        if (mode is not ("none" or "auto" or "required" or "function"))
            throw ApiException.Invalid(ChoiceParam, $"'{ChoiceParam}' must be none, auto, required or name a function.");
        if (mode == "function" && choice!.Named is null) throw ApiException.Invalid(ChoiceParam, $"'{ChoiceParam}' must be none, auto, required or name a function.");
        if (mode is "required" or "function" && tools is not { Count: > 0 }) throw ApiException.Invalid(ChoiceParam, $"'{ChoiceParam}' asks for a call, and there are no 'tools'.");
        return mode;
    }

    private void Check(IReadOnlyList<ChatTool> tools)
    {
        if (tools.Count > MaxTools) throw ApiException.Invalid(Param, $"A request may have {MaxTools} tools; it has {tools.Count}.");
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < tools.Count; i++)
        {
            var (tool, param) = (tools[i], $"{Param}[{i}]");
            if (tool is null) throw ApiException.Invalid(param, $"'{param}' must be an object with type and function.", "invalid_type");
            if (tool.Type != "function") throw ApiException.Invalid($"{param}.type", $"'{param}.type' must be function.", "unsupported_parameter");
            unknown.CheckInside(param, tool.Unknown);
            unknown.CheckInside($"{param}.function", tool.Function.Unknown);
            ConstraintMapper.CheckName($"{param}.function.name", tool.Function.Name);
            if (!names.Add(tool.Function.Name)) throw ApiException.Invalid($"{param}.function.name", "Two tools have the same name.");
        }
    }
}
