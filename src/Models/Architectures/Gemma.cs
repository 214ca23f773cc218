using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>
/// Gemma 2B and 7B (arXiv 2403.08295): <c>model_type: gemma</c>. Embeddings times sqrt(hidden), norms that store w − 1,
/// a GELU gate, heads whose size is not hidden / heads, and a head tied to the embedding.
/// </summary>
internal static class Gemma
{
    public static DecoderSpec Build(Checkpoint checkpoint)
    {
        const string Bidirectional = "use_bidirectional_attention";
        var config = checkpoint.Config;
        if (config.FindFlag(Bidirectional) ?? false)
            throw config.Invalid(Bidirectional, "false", CheckpointErrorKind.ArchitectureUnsupported);
        var bias = config.FindFlag("attention_bias") ?? false;
        return LlamaLayout.Build(checkpoint, new LlamaTraits
        {
            DefaultMaxPositions = 8192,
            DefaultKvHeads = 16,
            DefaultHeadDim = 256,
            TiedByDefault = true,
            QkvBias = bias,
            OutputBias = bias,
            NormAddOne = true,
            Activation = ReadActivation(checkpoint),
            EmbeddingScale = Normalizer,
        });
    }

    /// <summary>
    /// The first release wrote <c>hidden_act: gelu</c> and meant the tanh approximation, as its own code computed;
    /// <c>hidden_activation</c>, null or absent unless somebody chose another, was added to say so.
    /// </summary>
    private static Activation ReadActivation(Checkpoint checkpoint)
    {
        const string Chosen = "hidden_activation";
        const string First = "hidden_act";
        var config = checkpoint.Config;
        if (config.Has(Chosen)) return Activations.Read(config, Chosen, string.Empty);
        switch (Activations.Read(config, First, "gelu_pytorch_tanh"))
        {
            case Activation.GeluTanh:
                return Activation.GeluTanh;
            case Activation.Gelu:
                checkpoint.Warn($"{First} 'gelu' is read as gelu_pytorch_tanh, as Gemma's authors meant it; {Chosen} says otherwise.");
                return Activation.GeluTanh;
            default:
                throw config.Invalid(First, $"gelu_pytorch_tanh, or another activation in {Chosen}", CheckpointErrorKind.ArchitectureUnsupported);
        }
    }

    /// <summary>
    /// sqrt(hidden) in the type of the stored embedding, as the published code has it: in bf16 a 2B multiplies by 45.25
    /// and a 7B by 55.5.
    /// </summary>
    private static float Normalizer(Matrix embedding)
    {
        var root = Math.Sqrt(embedding.Columns);
        return embedding.Source.DType switch
        {
            DType.BF16 => RoundToBf16((float)root),
            DType.F16 => (float)(Half)root,
            _ => (float)root,
        };
    }

    private static float RoundToBf16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF_0000);
    }
}
