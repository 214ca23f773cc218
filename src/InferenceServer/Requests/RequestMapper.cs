using System.Security.Cryptography;
using InferenceServer.Access;
using InferenceServer.Errors;
using InferenceServer.Hosting;
using InferenceServer.Models;
using InferenceServer.Models.Constraints;
using InferenceServer.Models.Thinking;
using InferenceServer.Models.Tools;

namespace InferenceServer.Requests;

/// <summary>What the engine is to do for one HTTP request, and how its result is to be shown.</summary>
/// <param name="Id">Names the response. Whoever knows it may command the generation, so it cannot be guessed.</param>
/// <param name="Generations">One per choice: all choices of the first prompt, then those of the next.</param>
/// <param name="PromptTokens">Each prompt counted once, however many choices it has.</param>
public sealed record MappedRequest(
    string Id, ServedModel Model, IReadOnlyList<GenerationRequest> Generations, int PromptTokens, ThoughtView Thoughts, bool ReportLogprobs)
{
    /// <summary>The same with every answer bound to a form; null leaves them free.</summary>
    /// <exception cref="ApiException">400: the request also says that an answer goes on where its form is complete.</exception>
    public MappedRequest With(AnswerConstraint? constraint)
    {
        if (constraint is null) return this;
        if (Generations.Any(generation => generation.IgnoreEndOfSequence || generation.MinTokens > 0))
            throw ApiException.Invalid("response_format", "An answer in a given form ends where that is complete: send it without 'ignore_eos' and 'min_tokens'.", "conflicting_parameters");
        return this with { Generations = [.. Generations.Select(generation => generation with { Constraint = constraint })] };
    }

    /// <summary>The tools its answers may call; null = none.</summary>
    public ToolDemand? Tools { get; init; }

    public bool ShowThoughts => Thoughts == ThoughtView.All;

    public bool SummarizeThoughts => Thoughts == ThoughtView.Summary;
}

/// <summary>What a client sees of thoughts.</summary>
public enum ThoughtView
{
    Hidden,
    All,
    Summary,
}

/// <summary>From the fields of a request, checked against the model, to what the engine takes. Nothing after it knows HTTP.</summary>
public sealed class RequestMapper(ServerSettings settings, SamplingMapper sampling, ThoughtMapper thoughts, ContextRoom room, IHttpContextAccessor http)
{
    private const int MaxSaltLength = 256;
    private const int IdDigits = 32;

    /// <param name="idPrefix">What the response's id begins with.</param>
    /// <param name="prompts">Token ids of each prompt.</param>
    /// <param name="choices">Choices of each prompt.</param>
    /// <param name="maxTokens">The bound under whichever name the endpoint has it.</param>
    /// <param name="topLogprobs">Null = no log-probabilities.</param>
    /// <param name="leastTokens">The smallest bound; 0 where the endpoint knows what to do with a prompt alone.</param>
    /// <exception cref="ApiException">400: something cannot be done as asked.</exception>
    public MappedRequest Map(
        string idPrefix, GenerationFields fields, ReadyModel ready, IReadOnlyList<IReadOnlyList<int>> prompts, int? choices, int? maxTokens, int? topLogprobs, int leastTokens = 1)
    {
        var model = ready.Model;
        var caller = Caller.Of(http.HttpContext);
        var perPrompt = Bounds.Within("n", choices, 1, settings.MaxChoices, 1);
        if (prompts.Count * perPrompt > settings.MaxChoices)
            throw ApiException.Invalid("n", $"{prompts.Count} prompts times n = {perPrompt} is more than {settings.MaxChoices} choices.");
        if (maxTokens is { } bound) Bounds.Within("max_tokens", bound, leastTokens, int.MaxValue);
        var thought = thoughts.Supplied(fields, model);
        var options = sampling.Map(fields, ready.Defaults, topLogprobs ?? 0, model.Spec.VocabularySize);
        var template = new GenerationRequest
        {
            Prompt = [],
            MaxTokens = 0,
            ThoughtBudget = thoughts.Budget(fields, model),
            Thought = thought,
            Answering = options,
            Thinking = options,
            Seed = unchecked((ulong)(fields.Seed ?? Random.Shared.NextInt64())),
            Stop = sampling.Stops(fields.Stop),
            StopTokens = sampling.StopTokens(fields.StopTokenIds, model.Spec.VocabularySize),
            IgnoreEndOfSequence = fields.IgnoreEos == true,
            MinTokens = MinTokens(fields.MinTokens, maxTokens ?? settings.DefaultMaxTokens),
            CacheSalt = caller.Salted(CacheSalt(fields.CacheSalt)),
        };

        var generations = new List<GenerationRequest>(prompts.Count * perPrompt);
        foreach (var prompt in prompts)
        {
            if (prompt.Count == 0) throw ApiException.Invalid("prompt", "The prompt is empty: it must have at least one token.");
            var left = room.After(prompt.Count, thought?.Count ?? 0, model, maxTokens == 0 ? 0 : 1);
            for (var choice = 0; choice < perPrompt; choice++)
                generations.Add(template with { Prompt = prompt, MaxTokens = Math.Min(maxTokens ?? settings.DefaultMaxTokens, left), Choice = choice });
        }

        var id = $"{idPrefix}{RandomNumberGenerator.GetHexString(IdDigits, lowercase: true)}";
        return new MappedRequest(id, model, generations, prompts.Sum(prompt => prompt.Count), View(fields, model, caller), topLogprobs is not null);
    }

    // A key that may not see thoughts gets the same answers without them.
    private static ThoughtView View(GenerationFields fields, ServedModel model, Caller caller)
    {
        if (caller.MaySeeThoughts) return ThoughtMapper.View(fields, model);
        if (fields.IncludeReasoning != true && fields.Thoughts is null) return ThoughtView.Hidden;
        var param = fields.Thoughts is null ? "include_reasoning" : "thoughts";
        throw new ApiException(StatusCodes.Status403Forbidden, "This API key may not see thoughts.", "thoughts_not_allowed", param);
    }

    private static int MinTokens(int? asked, int maxTokens)
    {
        const string Param = "min_tokens";
        var min = Bounds.Within(Param, asked, 0, int.MaxValue, 0);
        return min <= maxTokens ? min : throw ApiException.Invalid(Param, $"'{Param}' {min} is more than 'max_tokens' {maxTokens}.", "conflicting_parameters");
    }

    private static string CacheSalt(string? salt) => salt is null or { Length: <= MaxSaltLength }
        ? salt ?? ""
        : throw ApiException.Invalid("cache_salt", $"'cache_salt' may have {MaxSaltLength} characters.");
}
