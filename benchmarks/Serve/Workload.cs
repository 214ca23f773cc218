using System.Text.Json;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Benchmarks.Serve;

/// <summary>The requests of a load, the same over HTTP and in process. Sampling is greedy, and no two share a cached prompt.</summary>
/// <param name="Name">Of the model.</param>
/// <param name="Folder">Its checkpoint.</param>
/// <param name="Prompts">Token ids; request i takes one after the other.</param>
/// <param name="ThoughtBudget">Null = the model's own.</param>
/// <param name="Forbidden">Tokens that would end a voice early.</param>
internal sealed record Workload(
    string Name, string Folder, IReadOnlyList<int[]> Prompts, int? ThoughtBudget, int MaxTokens, IReadOnlyList<int> Forbidden)
{
    private const float Never = -100; // as far as the API's logit_bias goes

    private readonly string _salt = Guid.NewGuid().ToString("N"); // no run finds what another has cached

    /// <summary>Prompts of a bundled checkpoint's held-out problems; it ends thoughts and answers itself.</summary>
    public static Workload Stories(string checkpoint) => new(
        checkpoint,
        Repository.Path("checkpoints", checkpoint),
        [.. Repository.HeldOut(checkpoint).Select(line => line.GetProperty("prompt_ids").Deserialize<int[]>()!)],
        null,
        128,
        []);

    /// <summary>Random weights never end anything: thoughts and answers have the lengths that are asked for.</summary>
    public static Workload Synthetic(string folder, LlamaShape shape, int prompt, int thoughts, int answers) => new(
        $"random-{shape.Name}",
        folder,
        [.. Enumerable.Range(0, 256).Select(i => SyntheticPrompt.Tokens(prompt, i))],
        thoughts,
        thoughts + answers,
        [SyntheticTokens.End, SyntheticTokens.ThoughtEnd]);

    /// <summary>Body of POST /v1/generate.</summary>
    public byte[] Body(int request)
    {
        var body = new Dictionary<string, object>
        {
            ["model"] = Name,
            ["prompt"] = Prompts[request % Prompts.Count],
            ["max_tokens"] = MaxTokens,
            ["temperature"] = 0,
            ["seed"] = 1,
            ["cache_salt"] = $"{_salt}-{request}",
        };
        if (ThoughtBudget is { } budget) body["thinking_token_budget"] = budget;
        if (Forbidden.Count > 0) body["logit_bias"] = Forbidden.ToDictionary(id => $"{id}", _ => Never);
        return JsonSerializer.SerializeToUtf8Bytes(body);
    }

    public GenerationRequest Request(int request)
    {
        var sampling = SamplingOptions.Greedy with { Bias = Forbidden.Count > 0 ? Forbidden.ToDictionary(id => id, _ => Never) : null };
        return new GenerationRequest
        {
            Prompt = Prompts[request % Prompts.Count],
            MaxTokens = MaxTokens,
            ThoughtBudget = ThoughtBudget,
            Thinking = sampling,
            Answering = sampling,
            Seed = 1,
            CacheSalt = $"{_salt}-{request}",
        };
    }
}
