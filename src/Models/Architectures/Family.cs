using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>What the registry knows of a family.</summary>
/// <param name="Build">Maps a checkpoint's tensors to the base model.</param>
/// <param name="Lora">Names of the modules an adapter may target.</param>
internal sealed record Family(Func<Checkpoint, DecoderSpec> Build, LoraLayout Lora);
