using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>Where a family differs from Llama.</summary>
/// <param name="DefaultKvHeads">Where <c>num_key_value_heads</c> is absent; null = as many as heads.</param>
/// <param name="DefaultHeadDim">Where <c>head_dim</c> is absent; null = hidden / heads.</param>
/// <param name="QkvBias">Biases of q, k and v; <paramref name="OutputBias"/> of o.</param>
/// <param name="QkNorm">RMS norms of each query and key head.</param>
/// <param name="Windows">Attention window per layer, null = all positions.</param>
internal sealed record LlamaTraits(
    int DefaultMaxPositions,
    int? DefaultKvHeads,
    int? DefaultHeadDim,
    bool QkvBias,
    bool OutputBias,
    bool MlpBias,
    bool QkNorm,
    Func<int, int?> Windows);

/// <summary>
/// The layout Llama, Mistral and Qwen share in Hugging Face checkpoints: RMS norms before attention and MLP, RoPE,
/// grouped queries, a gated MLP, an optional head of its own.
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
        var epsilon = (float)(config.FindNumber("rms_norm_eps", 0, 1) ?? 1e-6);
        var shape = AttentionShape.Read(config, hidden, traits);
        var rope = RopeScaling.Read(config, shape.HeadDim, positions, defaultTheta: 10_000);

        var weights = WeightReader.Find(checkpoint.Tensors, "embed_tokens.weight", "model.", string.Empty, "base_model.model.");
        var embedding = weights.Matrix("embed_tokens.weight", vocabulary, hidden);
        var layers = new LayerSpec[layerCount];
        for (var layer = 0; layer < layerCount; layer++)
        {
            var name = $"layers.{layer}";
            layers[layer] = new LayerSpec(
                weights.Rms($"{name}.input_layernorm", hidden, epsilon),
                Attention(weights, $"{name}.self_attn", hidden, epsilon, shape, traits) with { Rope = rope.Rope, Window = traits.Windows(layer) },
                weights.Rms($"{name}.post_attention_layernorm", hidden, epsilon),
                Mlp(weights, $"{name}.mlp", hidden, config, traits));
        }

        return new DecoderSpec
        {
            HiddenSize = hidden,
            VocabularySize = vocabulary,
            MaxPositions = rope.MaxPositions,
            Embeddings = [new EmbeddingSpec(embedding)],
            Layers = layers,
            Heads = [LanguageHead.Read(checkpoint, weights, "model.", weights.Rms("norm", hidden, epsilon), embedding, tiedByDefault: false)],
        };
    }

    private static AttentionSpec Attention(
        WeightReader weights, string name, int hidden, float epsilon, AttentionShape shape, LlamaTraits traits) => new(
        shape.Heads,
        shape.KvHeads,
        shape.HeadDim,
        weights.Linear($"{name}.q_proj", shape.Heads * shape.HeadDim, hidden, traits.QkvBias),
        weights.Linear($"{name}.k_proj", shape.KvHeads * shape.HeadDim, hidden, traits.QkvBias),
        weights.Linear($"{name}.v_proj", shape.KvHeads * shape.HeadDim, hidden, traits.QkvBias),
        weights.Linear($"{name}.o_proj", hidden, shape.Heads * shape.HeadDim, traits.OutputBias),
        1 / MathF.Sqrt(shape.HeadDim),
        QueryNorm: traits.QkNorm ? weights.Rms($"{name}.q_norm", shape.HeadDim, epsilon) : null,
        KeyNorm: traits.QkNorm ? weights.Rms($"{name}.k_norm", shape.HeadDim, epsilon) : null);

    private static MlpSpec Mlp(WeightReader weights, string name, int hidden, ConfigSection config, LlamaTraits traits)
    {
        var feed = config.RequireInteger("intermediate_size", 1, ModelLimits.Feed);
        return new MlpSpec(
            Activations.Read(config, "hidden_act", "silu"),
            weights.Linear($"{name}.gate_proj", feed, hidden, traits.MlpBias),
            weights.Linear($"{name}.up_proj", feed, hidden, traits.MlpBias),
            weights.Linear($"{name}.down_proj", hidden, feed, traits.MlpBias));
    }

    private sealed record AttentionShape(int Heads, int KvHeads, int HeadDim)
    {
        public static AttentionShape Read(ConfigSection config, int hidden, LlamaTraits traits)
        {
            var heads = config.RequireInteger("num_attention_heads", 1, ModelLimits.Heads);
            var kvHeads = config.FindInteger("num_key_value_heads", 1, heads) ?? traits.DefaultKvHeads ?? heads;
            if (kvHeads > heads || heads % kvHeads != 0) throw config.Invalid("num_key_value_heads", $"a divisor of num_attention_heads ({heads})");
            var given = config.FindInteger("head_dim", 1, ModelLimits.HeadDim) ?? traits.DefaultHeadDim;
            if (given is null && hidden % heads != 0) throw config.Invalid("num_attention_heads", $"a divisor of hidden_size ({hidden}), or head_dim");
            var headDim = given ?? hidden / heads;
            return headDim % 2 == 0
                ? new AttentionShape(heads, kvHeads, headDim)
                : throw config.Invalid("head_dim", $"an even number, as RoPE turns pairs, not {headDim}");
        }
    }
}
