using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>
/// The layout Llama, Mistral, Qwen, Gemma, Phi-3 and Granite share in Hugging Face checkpoints: RMS norms before
/// attention and MLP, RoPE, grouped queries, a gated MLP, an optional head of its own.
/// </summary>
internal static class LlamaLayout
{
    public static readonly LoraLayout Lora = new("layers", new Dictionary<string, IReadOnlyList<Projection>>
    {
        ["self_attn.q_proj"] = [Projection.Query],
        ["self_attn.k_proj"] = [Projection.Key],
        ["self_attn.v_proj"] = [Projection.Value],
        ["self_attn.o_proj"] = [Projection.Output],
        ["mlp.gate_proj"] = [Projection.Gate],
        ["mlp.up_proj"] = [Projection.Up],
        ["mlp.down_proj"] = [Projection.Down],
    });

    public static DecoderSpec Build(Checkpoint checkpoint, LlamaTraits traits)
    {
        var config = checkpoint.Config;
        var hidden = config.RequireInteger("hidden_size", 1, ModelLimits.Hidden);
        var layerCount = config.RequireInteger("num_hidden_layers", 1, ModelLimits.Layers);
        var vocabulary = config.RequireInteger("vocab_size", 1, ModelLimits.Vocabulary);
        var positions = config.FindInteger("max_position_embeddings", 1, ModelLimits.Positions) ?? traits.DefaultMaxPositions;
        var epsilon = (float)(config.FindNumber("rms_norm_eps", 0, 1) ?? traits.DefaultEpsilon);
        var shape = AttentionShape.Read(config, hidden, traits.DefaultKvHeads, traits.DefaultHeadDim);
        var rope = RopeScaling.Read(config, shape.HeadDim, positions, traits.DefaultRotaryShare);

        var weights = WeightReader.Find(checkpoint.Tensors, "embed_tokens.weight", "model.", string.Empty, "base_model.model.");
        var embedding = weights.Matrix("embed_tokens.weight", vocabulary, hidden);
        var layers = new LayerSpec[layerCount];
        for (var layer = 0; layer < layerCount; layer++)
        {
            var name = $"layers.{layer}";
            layers[layer] = new LayerSpec(
                Norm($"{name}.input_layernorm", hidden),
                Attention(weights, $"{name}.self_attn", hidden, shape, traits) with
                {
                    QueryNorm = traits.QkNorm ? Norm($"{name}.self_attn.q_norm", shape.HeadDim) : null,
                    KeyNorm = traits.QkNorm ? Norm($"{name}.self_attn.k_norm", shape.HeadDim) : null,
                    Rope = rope.Rope,
                    Window = traits.Windows(layer),
                },
                Norm($"{name}.post_attention_layernorm", hidden),
                Mlp(weights, $"{name}.mlp", hidden, config, traits),
                traits.ResidualScale);
        }

        var head = LanguageHead.Read(checkpoint, weights, "model.", Norm("norm", hidden), embedding, traits.TiedByDefault);
        return new DecoderSpec
        {
            HiddenSize = hidden,
            VocabularySize = vocabulary,
            MaxPositions = rope.MaxPositions,
            Embeddings = [new EmbeddingSpec(embedding, Scale: traits.EmbeddingScale(embedding))],
            Layers = layers,
            Heads = [head with { Scale = traits.LogitsScale }],
        };

        NormSpec Norm(string name, int length) => weights.Rms(name, length, epsilon) with { AddOne = traits.NormAddOne };
    }

    private static AttentionSpec Attention(WeightReader weights, string name, int hidden, AttentionShape shape, LlamaTraits traits)
    {
        int[] rows = [shape.QueryRows, shape.KvRows, shape.KvRows];
        var parts = traits.Fused
            ? weights.Fused($"{name}.qkv_proj", rows, hidden, traits.QkvBias)
            :
            [
                weights.Linear($"{name}.q_proj", rows[0], hidden, traits.QkvBias),
                weights.Linear($"{name}.k_proj", rows[1], hidden, traits.QkvBias),
                weights.Linear($"{name}.v_proj", rows[2], hidden, traits.QkvBias),
            ];
        return new AttentionSpec(
            shape.Heads,
            shape.KvHeads,
            shape.HeadDim,
            parts[0],
            parts[1],
            parts[2],
            weights.Linear($"{name}.o_proj", hidden, shape.QueryRows, traits.OutputBias),
            traits.AttentionScale ?? 1 / MathF.Sqrt(shape.HeadDim));
    }

    private static MlpSpec Mlp(WeightReader weights, string name, int hidden, ConfigSection config, LlamaTraits traits)
    {
        var feed = config.RequireInteger("intermediate_size", 1, ModelLimits.Feed);
        var parts = traits.Fused
            ? weights.Fused($"{name}.gate_up_proj", [feed, feed], hidden, traits.MlpBias)
            :
            [
                weights.Linear($"{name}.gate_proj", feed, hidden, traits.MlpBias),
                weights.Linear($"{name}.up_proj", feed, hidden, traits.MlpBias),
            ];
        return new MlpSpec(
            traits.Activation ?? Activations.Read(config, "hidden_act", "silu"),
            parts[0],
            parts[1],
            weights.Linear($"{name}.down_proj", hidden, feed, traits.MlpBias));
    }
}
