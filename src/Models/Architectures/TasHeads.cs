using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>Adds the thinking head of TaS (arXiv 2409.12059) to a base model: head 1, read after the thinking layer.</summary>
public static class TasHeads
{
    /// <summary>Index of the thinking head.</summary>
    public const int Head = 1;

    /// <exception cref="CheckpointException">A setting is missing, or a tensor does not fit the base model.</exception>
    public static DecoderSpec Add(DecoderSpec spec, Checkpoint checkpoint, ThinkingBlock block)
    {
        if (block.ThinkingLayer == 0 || block.ThoughtEndTokenId is null)
        {
            throw checkpoint.Config.Missing(
                ThinkingKeys.Block,
                $"an object with {ThinkingKeys.Method} 'tas', {ThinkingKeys.ThinkingLayer} and {ThinkingKeys.ThoughtEndTokenId}, as this model thinks aloud after a middle layer",
                CheckpointErrorKind.ThinkingInvalid);
        }

        var tensors = checkpoint.Tensors;
        var language = spec.Heads[0];
        var output = tensors.Contains(TasTensors.Head)
            ? new Linear(Matrix.Of(tensors.Get(TasTensors.Head, spec.VocabularySize, spec.HiddenSize)), Bias(spec, tensors))
            : language.Output;
        return spec with
        {
            // Logits of both heads are scaled alike: the thinking head begins as a copy of the other.
            Heads = [language, new HeadSpec("thinking_head", Norm(spec, tensors, block.ThinkingNorm), output, language.Scale)],
            Cuts = block.ThinkingLayer < spec.Layers.Count ? [block.ThinkingLayer] : [],
        };
    }

    // Where the language head has a bias (Phi), a thinking head may have one.
    private static VectorWeight? Bias(DecoderSpec spec, TensorSet tensors) =>
        tensors.Contains(TasTensors.HeadBias) ? VectorWeight.Of(tensors.Get(TasTensors.HeadBias, spec.VocabularySize)) : null;

    private static NormSpec? Norm(DecoderSpec spec, TensorSet tensors, ThinkingNorm source)
    {
        var final = spec.Heads[0].Norm!;
        return source switch
        {
            ThinkingNorm.None => null,
            ThinkingNorm.Shared => final,
            _ => final with
            {
                Weight = VectorWeight.Of(tensors.Get(TasTensors.Norm, spec.HiddenSize)),
                Bias = final.Bias is null ? null : VectorWeight.Of(tensors.Get(TasTensors.NormBias, spec.HiddenSize)),
            },
        };
    }
}
