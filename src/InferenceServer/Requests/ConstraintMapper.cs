using System.Text.Json;
using InferenceServer.Errors;
using InferenceServer.Models;
using InferenceServer.Models.Constraints;

namespace InferenceServer.Requests;

/// <summary>Compiles what an answer must look like, before anything is admitted to an engine.</summary>
public sealed class ConstraintMapper(UnknownFields unknown)
{
    private const string Param = "response_format";
    private const int MaxNameLength = 64;

    /// <summary>Null = the answer may be anything.</summary>
    /// <exception cref="ApiException">400: the format is none, or cannot be enforced.</exception>
    public async Task<AnswerConstraint?> OfAsync(ResponseFormat? format, ServedModel model, CancellationToken cancellation)
    {
        Check(format);
        if (format is null or { Type: "text" }) return null;
        var (schema, strict) = SchemaOf(format);
        if (schema is not { } bound) return await CompileAsync(Param, model, "{}", static compiler => compiler.JsonObject(), cancellation);
        return await CompileAsync(Param, model, $"schema {strict} {bound.GetRawText()}", compiler => compiler.JsonSchema(bound, strict), cancellation);
    }

    /// <exception cref="ApiException">400: it is no format.</exception>
    public void Check(ResponseFormat? format)
    {
        if (format is null) return;
        unknown.CheckInside(Param, format.Unknown);
        if (format.JsonSchema is not null && format.Type != "json_schema")
            throw ApiException.Invalid($"{Param}.json_schema", $"'{Param}.json_schema' goes with the type json_schema.", "conflicting_parameters");
        if (format.Schema is not null && format.Type != "json_object")
            throw ApiException.Invalid($"{Param}.schema", $"'{Param}.schema' goes with the type json_object; json_schema has its own.", "conflicting_parameters");
        if (format.Type is not ("text" or "json_object" or "json_schema"))
            throw ApiException.Invalid($"{Param}.type", $"'{Param}.type' must be text, json_object or json_schema.");
        if (format.Type != "json_schema") return;

        var named = format.JsonSchema
            ?? throw ApiException.Invalid($"{Param}.json_schema", $"'{Param}.json_schema' is required with this type.", "missing_required_parameter");
        unknown.CheckInside($"{Param}.json_schema", named.Unknown);
        CheckName($"{Param}.json_schema.name", named.Name);
    }

    /// <summary>The schema of a format that was checked; null = any JSON object.</summary>
    internal static (JsonElement? Schema, bool Strict) SchemaOf(ResponseFormat? format) => (format?.JsonSchema?.Schema ?? format?.Schema, format?.JsonSchema?.Strict == true);

    /// <summary>Compiles, and says what is wrong as an error of the API.</summary>
    /// <param name="key">Equal keys, equal constraints.</param>
    internal static async Task<AnswerConstraint> CompileAsync(
        string param, ServedModel model, string key, Func<ConstraintCompiler, AnswerConstraint> compile, CancellationToken cancellation)
    {
        try
        {
            return await model.Constraints.GetAsync(key, compile, cancellation);
        }
        catch (ConstraintException exception)
        {
            throw ApiException.Invalid(param, $"'{param}' cannot be enforced. {exception.Message}", Code(exception.Problem));
        }
    }

    /// <exception cref="ApiException">400: it is no name as OpenAI has them.</exception>
    internal static void CheckName(string param, string name, int maxLength = MaxNameLength)
    {
        if (name.Length == 0 || name.Length > maxLength || !name.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-'))
            throw ApiException.Invalid(param, $"'{param}' must have 1 to {maxLength} letters, digits, underscores and dashes.");
    }

    private static string Code(ConstraintProblem problem) => problem switch
    {
        ConstraintProblem.Invalid => "invalid_json_schema",
        ConstraintProblem.Unsupported => "unsupported_json_schema",
        ConstraintProblem.Unsatisfiable => "unsatisfiable_json_schema",
        ConstraintProblem.TooComplex => "json_schema_too_complex",
        _ => "unsupported_parameter",
    };
}
