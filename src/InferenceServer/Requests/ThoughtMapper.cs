using System.Text.Json;
using InferenceServer.Errors;
using InferenceServer.Hosting;
using InferenceServer.Models;
using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Requests;

/// <summary>
/// What a request says about thoughts, held against what the model's method can do: a wish that would have no effect is
/// refused, never ignored.
/// </summary>
public sealed class ThoughtMapper(ServerSettings settings)
{
    private const string BudgetParam = "thinking_token_budget";
    private const string EffortParam = "reasoning_effort";
    private const string ThoughtParam = "thought";
    private const string ViewParam = "thoughts";
    private const string KwargsParam = "chat_template_kwargs";

    /// <summary>Thought tokens at most; null = the model's own default.</summary>
    /// <exception cref="ApiException">400: out of bounds, in conflict, or nothing this model can do.</exception>
    public int? Budget(GenerationFields fields, ServedModel model)
    {
        var budget = fields.ThinkingTokenBudget;
        if (budget is { } given) Bounds.Within(BudgetParam, given, 0, int.MaxValue);
        var effort = Effort(fields.ReasoningEffort);
        if (budget is not null && effort is not null && budget != effort)
        {
            throw ApiException.Invalid(
                BudgetParam, $"'{BudgetParam}' {budget} is in conflict with '{EffortParam}' {fields.ReasoningEffort}, which means {effort} here: send one.", "conflicting_parameters");
        }

        var param = budget is null ? EffortParam : BudgetParam;
        var allowed = (budget ?? effort) is { } wanted ? Allowed(model, wanted, param, named: budget is null) : null;
        return model.Thinking.Method == ThinkingMethod.Tpo && WantsThoughts(fields, model) == false ? 0 : allowed;
    }

    /// <summary>
    /// Whether a model whose thoughts are switched by its prompt is to think: what the request tells its template, else its
    /// budget or effort, else null, which leaves it to the template.
    /// </summary>
    /// <exception cref="ApiException">400: no such effort, or the two contradict each other.</exception>
    public bool? WantsThoughts(GenerationFields fields, ServedModel model)
    {
        var wanted = (fields.ThinkingTokenBudget ?? Effort(fields.ReasoningEffort)) is { } budget ? budget > 0 : (bool?)null;
        if (model.ThinkingSwitch is { } name && fields.ChatTemplateKwargs?.TryGetValue(name, out var told) == true)
        {
            if (told.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                throw ApiException.Invalid($"{KwargsParam}.{name}", $"'{KwargsParam}.{name}' must be true or false.", "invalid_type");
            if (wanted is { } other && other != told.GetBoolean())
                throw ApiException.Invalid(KwargsParam, $"'{KwargsParam}.{name}' is in conflict with the budget or effort: send one.", "conflicting_parameters");
            return told.GetBoolean();
        }

        return wanted ?? (model.Thinking.ThinksByDefault ? null : false);
    }

    /// <summary>How thoughts are to be shown.</summary>
    /// <exception cref="ApiException">400: no such view, or none this model has.</exception>
    public static ThoughtView View(GenerationFields fields, ServedModel model)
    {
        var many = model.Thinking.Method == ThinkingMethod.QuietStar;
        var view = fields.Thoughts switch
        {
            null => many ? ThoughtView.Summary : ThoughtView.All,
            "all" => ThoughtView.All,
            "summary" when many => ThoughtView.Summary,
            "summary" => throw ApiException.Invalid(
                ViewParam, $"This model ({model.Thinking.Method.Id()}) has at most one thought: '{ViewParam}' may only be all.", "unsupported_parameter"),
            _ => throw ApiException.Invalid(ViewParam, $"'{ViewParam}' must be all or summary."),
        };
        return fields.ShowsThoughts ? view : ThoughtView.Hidden;
    }

    /// <summary>The thought the client supplies; null = the model thinks for itself.</summary>
    /// <exception cref="ApiException">400: this model cannot take one, or it contradicts the budget.</exception>
    public IReadOnlyList<int>? Supplied(GenerationFields fields, ServedModel model)
    {
        if (fields.Thought is not { } thought) return null;
        var ids = Encode(thought, model);
        if (fields.ThinkingTokenBudget is not null || fields.ReasoningEffort is not null)
            throw ApiException.Invalid(ThoughtParam, $"'{ThoughtParam}' replaces the model's own: send it without a budget or effort.", "conflicting_parameters");
        return ids;
    }

    /// <summary>A client's thought in tokens; special tokens written in it are text.</summary>
    /// <exception cref="ApiException">400: this model cannot take one.</exception>
    public static IReadOnlyList<int> Encode(string thought, ServedModel model)
    {
        if (model.Thinking.Method != ThinkingMethod.Tas)
            throw ApiException.Invalid(ThoughtParam, $"The method of this model, {model.Thinking.Method.Id()}, cannot be given a thought.", "unsupported_parameter");
        return model.Tokenizer.EncodeToIds(thought, addSpecialTokens: false, parseSpecialTokens: false);
    }

    private static int? Allowed(ServedModel model, int budget, string param, bool named)
    {
        var thinking = model.Thinking;
        var method = thinking.Method.Id();
        switch (thinking.Method)
        {
            case ThinkingMethod.Tas:
                return budget;
            case ThinkingMethod.QuietStar when budget == 0:
                return 0;
            case ThinkingMethod.QuietStar when named:
                return null;
            case ThinkingMethod.QuietStar:
                throw ApiException.Invalid(
                    param, $"Thoughts of {method} have {thinking.SampledThoughtTokens} tokens each, before every answer token: '{param}' may only be 0.", "unsupported_parameter");
            case ThinkingMethod.Tpo when model.CanSwitchThoughts && (named || budget == 0):
                return budget == 0 ? 0 : null;
            case ThinkingMethod.Tpo when model.CanSwitchThoughts:
                throw ApiException.Invalid(
                    param, $"Thoughts of {method} are part of the text the model writes, bounded by 'max_tokens': '{param}' may only be 0.", "unsupported_parameter");
            case ThinkingMethod.IcotSi or ThinkingMethod.Tpo:
                throw ApiException.Invalid(
                    param, $"Thoughts of {method} are part of the text the model writes: '{param}' cannot bound them; 'max_tokens' does.", "unsupported_parameter");
            default:
                return budget == 0
                    ? 0
                    : throw ApiException.Invalid(param, $"This model ({method}) writes no thoughts: '{param}' cannot grant any.", "unsupported_parameter");
        }
    }

    private int? Effort(string? effort)
    {
        if (effort is null) return null;
        return settings.ReasoningEffort.TryGetValue(effort, out var budget)
            ? budget
            : throw ApiException.Invalid(EffortParam, $"'{EffortParam}' must be one of {string.Join(", ", settings.ReasoningEffort.Keys)}.");
    }
}
