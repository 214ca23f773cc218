namespace InferenceServer.Hosting;

/// <summary>One entry of section <c>Models</c>. What is null is taken from section <c>Engine</c> or from the checkpoint.</summary>
public sealed record ModelSettings
{
    /// <summary>The id clients use; the folder's name unless given.</summary>
    public string? Name { get; init; }

    /// <summary>The checkpoint's folder, or an adapter's.</summary>
    public string? Path { get; init; }

    /// <summary>Where the path is an adapter's: folder of the model it was trained on, over what the adapter says.</summary>
    public string? Base { get; init; }

    /// <summary>Adapters on this model, each served under a name of its own by the same engine and weights.</summary>
    public IReadOnlyList<AdapterSettings> Adapters { get; init; } = [];

    /// <summary>How the model thinks, over what the checkpoint says: plain, tas, bitune, icot_si, icot_kd, quiet_star, tpo.</summary>
    public string? Method { get; init; }

    /// <summary>A prompt that shows the model at its best; the start-up log offers it to try.</summary>
    public string? Example { get; init; }

    /// <summary>What a reader must know of its answers; the playground says it under each.</summary>
    public string? Note { get; init; }

    public string? Weights { get; init; }

    public string? Kv { get; init; }

    public string? Device { get; init; }
}

/// <summary>One entry of section <c>Models:N:Adapters</c>.</summary>
public sealed record AdapterSettings
{
    /// <summary>The id clients use; the folder's name unless given.</summary>
    public string? Name { get; init; }

    /// <summary>The adapter's folder.</summary>
    public string? Path { get; init; }

    /// <summary>How it thinks, over what its files say.</summary>
    public string? Method { get; init; }

    /// <summary>A prompt that shows it at its best.</summary>
    public string? Example { get; init; }

    /// <summary>What a reader must know of its answers.</summary>
    public string? Note { get; init; }
}
