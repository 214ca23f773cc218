using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Models;

/// <summary>How a model runs on a device other than the embedded CPU engine.</summary>
public sealed record AcceleratorOptions
{
    /// <summary>Of weights and KV.</summary>
    public DType Weights { get; init; } = DType.F32;

    /// <summary>Share of the device's memory left by the weights that KV and kept hidden states may take.</summary>
    public double KvFraction { get; init; } = 0.9;

    /// <summary>Threads of a device that is a processor; 0 = the library's own choice.</summary>
    public int Threads { get; init; }
}
