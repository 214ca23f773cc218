using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Engine;

/// <summary>What the loop needs to know of a model beside its weights.</summary>
public sealed record EngineModel(
    DecoderSpec Spec,
    ThinkingBlock Thinking,
    IReadOnlySet<int> EndOfSequence,
    Func<IDetokenizer> CreateDetokenizer);
