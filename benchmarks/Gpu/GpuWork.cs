using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Benchmarks.Gpu;

/// <summary>What both sides are asked to do.</summary>
/// <param name="Context">Positions each sequence holds before the first decoded token.</param>
/// <param name="Prompt">Tokens of the prompt that is read.</param>
internal sealed record GpuWork(string Device, DType Weights, IReadOnlyList<int> Batches, int Context, int Prompt, int Steps, int Rounds);
