using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <param name="Method">How the model thinks, and who said so.</param>
/// <param name="EndOfTextIds">Ids that end a text; may be empty.</param>
public sealed record BuiltModel(DecoderSpec Spec, DetectedMethod Method, IReadOnlyList<int> EndOfTextIds);

/// <summary>A checkpoint as a model: its family, what its thinking method adds, and what ends a text.</summary>
public static class ModelBuilder
{
    /// <exception cref="CheckpointException">Anything that keeps the checkpoint from being run.</exception>
    public static BuiltModel Build(Checkpoint checkpoint, ThinkingMethod? serverOverride = null)
    {
        var method = MethodDetector.Detect(checkpoint, serverOverride);
        RefuseUnsupported(checkpoint, method);
        var spec = ArchitectureRegistry.Build(checkpoint);
        ThinkingBlockReader.CheckAgainst(method.Block, checkpoint.Config.File, spec.Layers.Count, spec.VocabularySize);
        if (method.Method == ThinkingMethod.Tas) spec = TasHeads.Add(spec, checkpoint, method.Block);
        return new BuiltModel(spec, method, checkpoint.EndOfTextIds(spec.VocabularySize));
    }

    private static void RefuseUnsupported(Checkpoint checkpoint, DetectedMethod method)
    {
        if (method.Method is not (ThinkingMethod.Bitune or ThinkingMethod.QuietStar or ThinkingMethod.IcotKd)) return;
        throw new CheckpointException(
            CheckpointErrorKind.MethodUnsupported,
            checkpoint.Directory,
            $"The checkpoint is recognised as '{method.Method.Id()}' ({method.Source}), whose loader is not part of this version.",
            expected: "plain, tas, icot_si or tpo");
    }
}
