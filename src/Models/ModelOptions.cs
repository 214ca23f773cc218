using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Engine;

namespace InferenceServer.Models;

/// <summary>One model to serve.</summary>
public sealed record ModelOptions
{
    /// <summary>The id clients name it by.</summary>
    public required string Name { get; init; }

    /// <summary>A checkpoint folder in Hugging Face layout, or an adapter's in that of PEFT.</summary>
    public required string Path { get; init; }

    /// <summary>Where <see cref="Path"/> holds an adapter: folder of its base, over what the adapter says.</summary>
    public string? Base { get; init; }

    /// <summary>Overrides what the checkpoint says of its method.</summary>
    public ThinkingMethod? Method { get; init; }

    /// <summary>A prompt that shows what the model can do, for people.</summary>
    public string? Example { get; init; }

    /// <summary>What people must know to read its answers.</summary>
    public string? Note { get; init; }

    /// <summary>Where it runs: cpu, or a device of another engine of the build.</summary>
    public string Device { get; init; } = CpuDecoderSource.Device;

    /// <summary>Weight type and memory on any device but <c>cpu</c>.</summary>
    public AcceleratorOptions Accelerator { get; init; } = new();

    /// <summary>Weight format, threads and kernel path of the engine on <c>cpu</c>.</summary>
    public CpuOptions Cpu { get; init; } = new();

    /// <summary>Bytes for KV and kept hidden states; null = what the engine takes: on <c>cpu</c> a quarter of the memory the process may use.</summary>
    public long? KvMemory { get; init; }

    public EngineOptions Engine { get; init; } = new();
}
