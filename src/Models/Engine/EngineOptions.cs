namespace InferenceServer.Models.Engine;

/// <summary>Limits of the loop. Those of a single request are checked at the edge.</summary>
public sealed record EngineOptions
{
    /// <summary>Sequences that share a step.</summary>
    public int MaxRunning { get; init; } = 64;

    /// <summary>Requests that may wait; one more is refused.</summary>
    public int MaxWaiting { get; init; } = 256;

    /// <summary>Rows of one step, over all sequences: bounds how long a prompt delays running streams.</summary>
    public int StepRows { get; init; } = 512;
}
