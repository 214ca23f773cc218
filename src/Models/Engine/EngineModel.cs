using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Engine;

/// <summary>What the loop needs to know of a model beside its weights.</summary>
/// <param name="Name">Tags its meters.</param>
public sealed record EngineModel(
    string Name,
    DecoderSpec Spec,
    ThinkingBlock Thinking,
    IReadOnlySet<int> EndOfSequence,
    Func<IDetokenizer> CreateDetokenizer);
