using InferenceServer.Errors;
using InferenceServer.OpenAI;
using InferenceServer.Requests;

namespace InferenceServer.Responses;

/// <summary>Holds the fields of a request that this server has only one answer to against that.</summary>
internal sealed class ResponseChecks(UnknownFields unknown)
{
    public const string LogprobsInclude = "message.output_text.logprobs";
    private const string EncryptedInclude = "reasoning.encrypted_content";

    /// <exception cref="ApiException">400: a field asks for what this server does not do.</exception>
    public void Check(ResponseRequest request)
    {
        unknown.CheckInside("reasoning", request.Reasoning?.Unknown);
        unknown.CheckInside("text", request.Text?.Unknown);
        unknown.CheckInside("text.format", request.Text?.Format?.Unknown);
        if (request.StreamOptions is { } options) Wording.CheckOptions(request, options.IncludeObfuscation, options.Unknown, unknown);
        Refuse("store", request.Store == true, "This server keeps no answers: send 'store': false.");
        Refuse("background", request.Background == true, "This server answers whoever asks: leave 'background' out.");
        Refuse("previous_response_id", request.PreviousResponseId is not null, "This server keeps no answers: send the earlier turns as items of 'input'.");
        Refuse("truncation", request.Truncation is not (null or "disabled"), "A conversation that is too long is refused, not cut: 'truncation' may only be disabled.");
        Refuse("reasoning.summary", request.Reasoning?.Summary is not (null or "auto" or "detailed"), "Thoughts are shown whole: 'reasoning.summary' may be auto or detailed.");
        Refuse("text.verbosity", request.Text?.Verbosity is not (null or "medium"), "How much is said is up to the model: 'text.verbosity' may only be medium.");
        foreach (var include in request.Include ?? [])
            Refuse("include", include is not (LogprobsInclude or EncryptedInclude), $"'include' may have {LogprobsInclude} and {EncryptedInclude}.");
        if (request.Text?.Format is not null && request.ResponseFormat is not null)
            throw ApiException.Invalid("text.format", "'text.format' and 'response_format' mean the same: send one.", "conflicting_parameters");
        if (request.Reasoning?.Effort is { } effort && request.ReasoningEffort is { } other && effort != other)
            throw ApiException.Invalid("reasoning.effort", "'reasoning.effort' and 'reasoning_effort' mean the same and are in conflict: send one.", "conflicting_parameters");
        if (request is { MaxTokens: { } old, MaxOutputTokens: { } recent } && old != recent)
            throw ApiException.Invalid("max_output_tokens", "'max_tokens' and 'max_output_tokens' mean the same and are in conflict: send one.", "conflicting_parameters");
    }

    /// <summary>A format of this endpoint as the others have it.</summary>
    /// <exception cref="ApiException">400: fields that do not go together.</exception>
    public static ResponseFormat? Format(TextFormat? format)
    {
        const string Param = "text.format";
        if (format is null) return null;
        if (format.Type != "json_schema")
        {
            if (format.Name is null && format.Schema is null && format.Strict is null) return new ResponseFormat { Type = format.Type };
            throw ApiException.Invalid(Param, $"'{Param}' has fields that go with the type json_schema.", "conflicting_parameters");
        }

        var name = format.Name ?? throw ApiException.Invalid($"{Param}.name", $"'{Param}.name' is required with this type.", "missing_required_parameter");
        return new ResponseFormat { Type = format.Type, JsonSchema = new JsonSchemaFormat { Name = name, Schema = format.Schema, Strict = format.Strict } };
    }

    private static void Refuse(string param, bool wrong, string message)
    {
        if (wrong) throw ApiException.Invalid(param, message, "unsupported_parameter");
    }
}
