using InferenceServer.Errors;
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
        unknown.Check(request.Reasoning?.Unknown, "reasoning.");
        unknown.Check(request.Text?.Unknown, "text.");
        unknown.Check(request.Text?.Format?.Unknown, "text.format.");
        Refuse("store", request.Store == true, "This server keeps no answers: send 'store': false.");
        Refuse("background", request.Background == true, "This server answers whoever asks: leave 'background' out.");
        Refuse("previous_response_id", request.PreviousResponseId is not null, "This server keeps no answers: send the earlier turns as items of 'input'.");
        Refuse("truncation", request.Truncation is not (null or "disabled"), "A conversation that is too long is refused, not cut: 'truncation' may only be disabled.");
        Refuse("reasoning.summary", request.Reasoning?.Summary is not (null or "auto"), "Thoughts are shown as they are, not summarised: 'reasoning.summary' may only be auto.");
        Refuse("text.format.type", request.Text?.Format is { Type: not "text" }, "'text.format.type' may only be text.");
        foreach (var include in request.Include ?? [])
            Refuse("include", include is not (LogprobsInclude or EncryptedInclude), $"'include' may have {LogprobsInclude} and {EncryptedInclude}.");
        if (request.Reasoning?.Effort is { } effort && request.ReasoningEffort is { } other && effort != other)
            throw ApiException.Invalid("reasoning.effort", "'reasoning.effort' and 'reasoning_effort' mean the same and are in conflict: send one.", "conflicting_parameters");
        if (request is { MaxTokens: { } old, MaxOutputTokens: { } recent } && old != recent)
            throw ApiException.Invalid("max_output_tokens", "'max_tokens' and 'max_output_tokens' mean the same and are in conflict: send one.", "conflicting_parameters");
    }

    private static void Refuse(string param, bool wrong, string message)
    {
        if (wrong) throw ApiException.Invalid(param, message, "unsupported_parameter");
    }
}
