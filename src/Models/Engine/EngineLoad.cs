namespace InferenceServer.Models.Engine;

/// <summary>How busy an engine is, as of its last step.</summary>
/// <param name="Running">Sequences that share the steps.</param>
/// <param name="Waiting">Requests not admitted yet, and preempted ones.</param>
/// <param name="UsedPages">KV pages that hold something, cached ones included.</param>
/// <param name="CachedPages">KV pages held only for prompts to come.</param>
/// <param name="Preemptions">Sequences that had to give their memory back, since start.</param>
/// <param name="PrefixQueries">Prompt tokens looked up in the prefix cache, since start.</param>
/// <param name="PrefixHits">Of those, found.</param>
public sealed record EngineLoad(
    int Running,
    int Waiting,
    int UsedPages,
    int CachedPages,
    long Preemptions,
    long PrefixQueries,
    long PrefixHits)
{
    /// <summary>Pages' worth of memory that kept hidden states take.</summary>
    public int ChargedPages { get; init; }
}

/// <summary>The engine has as many requests waiting as it takes.</summary>
public sealed class EngineBusyException(string message, TimeSpan retryAfter) : Exception(message)
{
    /// <summary>When the queue is likely to have room again.</summary>
    public TimeSpan RetryAfter { get; } = retryAfter;
}
