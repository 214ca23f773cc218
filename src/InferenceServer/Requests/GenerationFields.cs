using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace InferenceServer.Requests;

/// <summary>Fields of every endpoint that generates, each with one meaning. See docs/api.md.</summary>
public abstract record GenerationFields
{
    /// <summary>Id of a served model, as /v1/models lists it.</summary>
    public required string Model { get; init; }

    /// <summary>Bound on generated tokens: thoughts and answer together for models that think before they speak.</summary>
    [Range(1, int.MaxValue)]
    public virtual int? MaxTokens { get; init; }

    /// <summary>0 = the most likely token, up to 2. Default 1.</summary>
    [Range(0.0, 2.0)]
    public double? Temperature { get; init; }

    /// <summary>Keep the smallest set of most likely tokens that reaches this mass, above 0 up to 1. Default 1, all.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double? TopP { get; init; }

    /// <summary>Keep this many most likely tokens; 0 or -1 = all, the default.</summary>
    [Range(-1, int.MaxValue)]
    public int? TopK { get; init; }

    /// <summary>Keep tokens at least this share as likely as the most likely, 0 to 1. Default 0, all.</summary>
    [Range(0.0, 1.0)]
    public double? MinP { get; init; }

    /// <summary>Same seed and request, same tokens. Random when absent.</summary>
    public long? Seed { get; init; }

    /// <summary>Added to the logits of tokens by id, -100 to 100.</summary>
    public IReadOnlyDictionary<string, double>? LogitBias { get; init; }

    /// <summary>Strings that end the answer; they are not part of it, and thoughts are never searched for them.</summary>
    public StopInput? Stop { get; init; }

    /// <summary>Tokens that end the answer and are not part of it; thoughts are never searched for them.</summary>
    public IReadOnlyList<int>? StopTokenIds { get; init; }

    /// <summary>true: an end of sequence does not end the answer, which goes on to max_tokens. Default false.</summary>
    public bool? IgnoreEos { get; init; }

    /// <summary>No end of sequence and none of stop_token_ids is drawn before this many tokens, at most max_tokens. Default 0.</summary>
    [Range(0, int.MaxValue)]
    public int? MinTokens { get; init; }

    /// <summary>Whether tokens are sent as server-sent events while they are generated.</summary>
    public bool? Stream { get; init; }

    /// <summary>Exact bound on thought tokens; 0 = no thoughts. Default: the model's own.</summary>
    [Range(0, int.MaxValue)]
    public int? ThinkingTokenBudget { get; init; }

    /// <summary>none, minimal, low, medium, high, xhigh or max: a thinking budget by name. none = no thoughts.</summary>
    public string? ReasoningEffort { get; init; }

    /// <summary>false hides the thoughts; the answer and the usage stay the same.</summary>
    public bool? IncludeReasoning { get; init; }

    /// <summary>
    /// all or summary: every thought token, or at the end how many thoughts there were and how much they weighed. Default: all,
    /// but summary for quiet_star, which thinks before each answer token; only it can be summarised.
    /// </summary>
    [AllowedValues("all", "summary")]
    public string? Thoughts { get; init; }

    /// <summary>Variables for the checkpoint's chat template, such as enable_thinking. Only where messages are sent.</summary>
    public IReadOnlyDictionary<string, JsonElement>? ChatTemplateKwargs { get; init; }

    /// <summary>A thought to take instead of the model's own: only the answer is generated.</summary>
    public string? Thought { get; init; }

    /// <summary>Only requests with the same salt share cached prompts, so that tenants cannot probe each other's.</summary>
    [StringLength(256)]
    public string? CacheSalt { get; init; }

    /// <summary>Subtracted from a token's logit for each time its channel has it already, -2 to 2. Default 0.</summary>
    [Range(-2.0, 2.0)]
    public double? FrequencyPenalty { get; init; }

    /// <summary>Subtracted from a token's logit once its channel has it, -2 to 2. Default 0.</summary>
    [Range(-2.0, 2.0)]
    public double? PresencePenalty { get; init; }

    /// <summary>Divides positive and multiplies negative logits of tokens in prompt, thought and answer, above 0 to 10. Default 1.</summary>
    [Range(0.0, 10.0, MinimumIsExclusive = true)]
    public double? RepetitionPenalty { get; init; }

    /// <summary>What the answer must look like: free text, any JSON object, or JSON that satisfies a schema. Thoughts stay free.</summary>
    public ResponseFormat? ResponseFormat { get; init; }

    /// <summary>Fields this server has no meaning for; see <see cref="UnknownFields"/>.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    [JsonIgnore]
    public bool ShowsThoughts => IncludeReasoning ?? true;
}
