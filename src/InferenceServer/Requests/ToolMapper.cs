using System.Text;
using System.Text.Json;
using InferenceServer.Errors;
using InferenceServer.Models;
using InferenceServer.Models.Constraints;
using InferenceServer.Models.Tools;

namespace InferenceServer.Requests;

/// <summary>What a request says of tools, held against what the model's chat template knows of them.</summary>
internal static class ToolMapper
{
    public const string Param = "tools";
    public const string ChoiceParam = "tool_choice";
    private const int MaxTools = 128;

    private static readonly JsonElement AnyObject = JsonElement.Parse("""{"type":"object"}""");

    /// <summary>Null = the model calls nothing.</summary>
    /// <exception cref="ApiException">400: a tool is none, or this model cannot be given it.</exception>
    public static ToolDemand? Demand(ToolRequest request, ResponseFormat? format, ServedModel model)
    {
        var tools = request.Tools;
        if (request.Mode is ToolMode.Required or ToolMode.One && tools.Count == 0)
            throw ApiException.Invalid(ChoiceParam, $"'{ChoiceParam}' asks for a call, and there are no 'tools'.");
        Check(request);
        if (request.Mode == ToolMode.None || tools.Count == 0) return null;
        var callable = request.Mode == ToolMode.One
            ? [tools.FirstOrDefault(tool => tool.Name == request.Named) ?? throw ApiException.Invalid(request.NamedParam, $"'{ChoiceParam}' names a function that is not among the 'tools'.")]
            : tools;
        var syntax = model.ToolSyntax;
        if (request.Mode == ToolMode.Auto && syntax is not { IsTold: true })
        {
            throw ApiException.Invalid(
                ChoiceParam,
                $"'{model.Name}' cannot choose: its chat template does not tell it of tools, or writes calls in a form this server cannot read. Send '{ChoiceParam}' {request.OtherChoices}.",
                "unsupported_parameter");
        }

        return new ToolDemand
        {
            Tools = [.. callable.Select(tool => new ToolDefinition(tool.Name, tool.Parameters, tool.Strict))],
            Syntax = syntax ?? ToolSyntax.Plain,
            MustCall = request.Mode != ToolMode.Auto,
            AnswerIsBound = format is { Type: not "text" },
            Several = request.Several && request.Mode != ToolMode.One,
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

    /// <summary>The definitions as chat templates expect them; null where the model is told of none.</summary>
    public static IReadOnlyList<JsonElement>? ForTemplate(ToolRequest request) =>
        request.Tools.Count == 0 || request.Mode == ToolMode.None ? null : [.. request.Tools.Select(Written)];

    private static JsonElement Written(OfferedTool tool)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "function");
            writer.WriteStartObject("function");
            writer.WriteString("name", tool.Name);
            writer.WriteString("description", tool.Description ?? "");
            writer.WritePropertyName("parameters");
            if (tool.Parameters is { } parameters) parameters.WriteTo(writer);
            else writer.WriteRawValue("""{"type":"object","properties":{}}""");
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return JsonElement.Parse(buffer.ToArray());
    }

    private static void Check(ToolRequest request)
    {
        if (request.Tools.Count > MaxTools) throw ApiException.Invalid(Param, $"A request may have {MaxTools} tools; it has {request.Tools.Count}.");
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tool in request.Tools)
        {
            ConstraintMapper.CheckName(tool.NameParam, tool.Name, request.MaxNameLength);
            if (!names.Add(tool.Name)) throw ApiException.Invalid(tool.NameParam, "Two tools have the same name.");
        }
    }
}
