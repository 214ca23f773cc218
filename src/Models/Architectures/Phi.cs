using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>
/// Phi-1, Phi-1.5 and Phi-2: <c>model_type: phi</c>. One LayerNorm feeds attention and an ungated MLP, whose outputs are
/// added together; part of each head is rotated; everything has a bias, the head too.
/// </summary>
internal static class Phi
{
    public static readonly LoraLayout Lora = new("layers", new Dictionary<string, IReadOnlyList<Projection>>
    {
        ["self_attn.q_proj"] = [Projection.Query],
        ["self_attn.k_proj"] = [Projection.Key],
        ["self_attn.v_proj"] = [Projection.Value],
        ["self_attn.dense"] = [Projection.Output],
        ["mlp.fc1"] = [Projection.Up],
        ["mlp.fc2"] = [Projection.Down],
    });

    // Embeddings of Microsoft's own code before the model became part of transformers.
    private static readonly string[] FirstNames = ["transformer.embd.wte.weight", "layers.0.wte.weight"];

    public static DecoderSpec Build(Checkpoint checkpoint)
    {
        RefuseFirstNames(checkpoint.Tensors);
        var config = checkpoint.Config;
        var hidden = config.RequireInteger("hidden_size", 1, ModelLimits.Hidden);
        var layerCount = config.RequireInteger("num_hidden_layers", 1, ModelLimits.Layers);
        var vocabulary = config.RequireInteger("vocab_size", 1, ModelLimits.Vocabulary);
        var positions = config.FindInteger("max_position_embeddings", 1, ModelLimits.Positions) ?? 2048;
        var epsilon = (float)(config.FindNumber("layer_norm_eps", 0, 1) ?? 1e-5);
        var headNorms = config.FindFlag("qk_layernorm") ?? false;
        var shape = AttentionShape.Read(config, hidden);
        var rope = RopeScaling.Read(config, shape.HeadDim, positions, defaultShare: 0.5);

        var weights = WeightReader.Find(checkpoint.Tensors, "embed_tokens.weight", "model.", string.Empty, "base_model.model.");
        var embedding = weights.Matrix("embed_tokens.weight", vocabulary, hidden);
        var layers = new LayerSpec[layerCount];
        for (var layer = 0; layer < layerCount; layer++)
        {
            var name = $"layers.{layer}";
            layers[layer] = new LayerSpec(
                Norm($"{name}.input_layernorm", hidden),
                Attention(weights, $"{name}.self_attn", hidden, shape) with
                {
                    QueryNorm = headNorms ? Norm($"{name}.self_attn.q_layernorm", shape.HeadDim) : null,
                    KeyNorm = headNorms ? Norm($"{name}.self_attn.k_layernorm", shape.HeadDim) : null,
                    Rope = rope.Rope,
                },
                null,
                Mlp(weights, $"{name}.mlp", hidden, config));
        }

        return new DecoderSpec
        {
            HiddenSize = hidden,
            VocabularySize = vocabulary,
            MaxPositions = rope.MaxPositions,
            Embeddings = [new EmbeddingSpec(embedding)],
            Layers = layers,
            Heads =
            [
                LanguageHead.Read(
                    checkpoint, weights, "model.", Norm("final_layernorm", hidden), embedding, tiedByDefault: false, bias: true),
            ],
        };

        NormSpec Norm(string name, int length) => weights.LayerNorm(name, length, epsilon, bias: true);
    }

    private static AttentionSpec Attention(WeightReader weights, string name, int hidden, AttentionShape shape) => new(
        shape.Heads,
        shape.KvHeads,
        shape.HeadDim,
        weights.Linear($"{name}.q_proj", shape.QueryRows, hidden, bias: true),
        weights.Linear($"{name}.k_proj", shape.KvRows, hidden, bias: true),
        weights.Linear($"{name}.v_proj", shape.KvRows, hidden, bias: true),
        weights.Linear($"{name}.dense", hidden, shape.QueryRows, bias: true),
        1 / MathF.Sqrt(shape.HeadDim));

    private static MlpSpec Mlp(WeightReader weights, string name, int hidden, ConfigSection config)
    {
        var feed = config.RequireInteger("intermediate_size", 1, ModelLimits.Feed);
        return new MlpSpec(
            Activations.Read(config, "hidden_act", "gelu_new"),
            null,
            weights.Linear($"{name}.fc1", feed, hidden, bias: true),
            weights.Linear($"{name}.fc2", hidden, feed, bias: true));
    }

    private static void RefuseFirstNames(TensorSet tensors)
    {
        if (Array.Find(FirstNames, tensors.Contains) is not { } found) return;
        throw new CheckpointException(
            CheckpointErrorKind.ArchitectureUnsupported,
            tensors.FileOf(found),
            "The tensors have the names of Phi's first code (fused mixer.Wqkv). Take a later revision of the model, or convert it to the names of PhiForCausalLM.",
            $"tensor '{found}'",
            "tensor 'model.embed_tokens.weight'");
    }
}
