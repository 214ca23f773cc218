namespace InferenceServer.Hosting;

/// <summary>One entry of section <c>Models</c>. What is null is taken from section <c>Engine</c> or from the checkpoint.</summary>
public sealed record ModelSettings
{
    /// <summary>The id clients use; the folder's name unless given.</summary>
    public string? Name { get; init; }

    /// <summary>The checkpoint's folder.</summary>
    public string? Path { get; init; }

    /// <summary>How the model thinks, over what the checkpoint says: plain, tas, bitune, icot_si, icot_kd, quiet_star, tpo.</summary>
    public string? Method { get; init; }

    /// <summary>A prompt that shows the model at its best; the start-up log offers it to try.</summary>
    public string? Example { get; init; }

    public string? Weights { get; init; }

    public string? Device { get; init; }
}
