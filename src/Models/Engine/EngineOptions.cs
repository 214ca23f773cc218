namespace InferenceServer.Models.Engine;

/// <summary>Limits of the loop. Those of a single request are checked at the edge.</summary>
public sealed record EngineOptions
{
    /// <summary>Sequences that share a step.</summary>
    public int MaxRunning { get; init; } = 64;

    /// <summary>Requests that may wait; one more is refused.</summary>
    public int MaxWaiting { get; init; } = 256;

    /// <summary>Prompt tokens that may wait over all requests; a request that would exceed it is refused unless nothing waits.</summary>
    public int MaxWaitingTokens { get; init; } = 1 << 20;

    /// <summary>Rows of one step, over all sequences: bounds how long a prompt delays running streams. At least MaxRunning.</summary>
    public int StepRows { get; init; } = 512;

    /// <summary>Keep the KV of finished prompts for the next one that begins alike.</summary>
    public bool PrefixCache { get; init; } = true;

    /// <summary>Write a timeline of every step to this file (Chrome trace format).</summary>
    public string? TraceFile { get; init; }
}
