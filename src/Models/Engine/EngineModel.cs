using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Engine;

/// <summary>
/// What the loop needs to know of a model beside its weights. Models that share their base share an engine: each request
/// names its own, of the same spec.
/// </summary>
/// <param name="Name">Tags the engine's meters.</param>
public sealed record EngineModel(
    string Name,
    DecoderSpec Spec,
    ThinkingBlock Thinking,
    IReadOnlySet<int> EndOfSequence,
    Func<IDetokenizer> CreateDetokenizer)
{
    /// <summary>Which of the spec's adapters its rows pass.</summary>
    public ModelAdapters Adapters { get; init; } = ModelAdapters.None;
}
