using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>
/// GPT-2: <c>model_type: gpt2</c>. Weights are stored [inputs, outputs], queries, keys and values in one matrix.
/// Tensors may stand under <c>transformer.</c> or, as in OpenAI's own upload, under nothing; mask buffers are ignored.
/// </summary>
internal static class Gpt2
{
    public static readonly LoraLayout Lora = new("h", new Dictionary<string, IReadOnlyList<Projection>>
    {
        ["attn.c_attn"] = [Projection.Query, Projection.Key, Projection.Value],
        ["attn.c_proj"] = [Projection.Output],
        ["mlp.c_fc"] = [Projection.Up],
        ["mlp.c_proj"] = [Projection.Down],
    });

    public static DecoderSpec Build(Checkpoint checkpoint)
    {
        var config = checkpoint.Config;
        var hidden = config.RequireInteger("n_embd", 1, ModelLimits.Hidden);
        var layerCount = config.RequireInteger("n_layer", 1, ModelLimits.Layers);
        var vocabulary = config.RequireInteger("vocab_size", 1, ModelLimits.Vocabulary);
        var positions = config.FindInteger("n_positions", 1, ModelLimits.Positions)
            ?? config.FindInteger("n_ctx", 1, ModelLimits.Positions)
            ?? throw config.Missing("n_positions", "an integer");
        var epsilon = (float)(config.FindNumber("layer_norm_epsilon", 0, 1) ?? 1e-5);
        var heads = config.RequireInteger("n_head", 1, ModelLimits.Heads);
        if (hidden % heads != 0) throw config.Invalid("n_head", $"a divisor of n_embd ({hidden})");
        if (config.FindFlag("add_cross_attention") ?? false)
            throw config.Invalid("add_cross_attention", "false", CheckpointErrorKind.ArchitectureUnsupported);

        var weights = WeightReader.Find(
            checkpoint.Tensors, "wte.weight", "transformer.", string.Empty, "base_model.transformer.");
        var biases = Biases.Find(checkpoint, weights, layerCount);
        var embedding = weights.Matrix("wte.weight", vocabulary, hidden);
        var layers = new LayerSpec[layerCount];
        for (var layer = 0; layer < layerCount; layer++)
        {
            var name = $"h.{layer}";
            layers[layer] = new LayerSpec(
                weights.LayerNorm($"{name}.ln_1", hidden, epsilon, biases.Norms),
                Attention(weights, $"{name}.attn", hidden, heads, Scale(config, hidden / heads, layer), biases),
                weights.LayerNorm($"{name}.ln_2", hidden, epsilon, biases.Norms),
                Mlp(weights, $"{name}.mlp", hidden, config, biases));
        }

        return new DecoderSpec
        {
            HiddenSize = hidden,
            VocabularySize = vocabulary,
            MaxPositions = positions,
            Embeddings = [new EmbeddingSpec(embedding, weights.Matrix("wpe.weight", positions, hidden))],
            Layers = layers,
            Heads =
            [
                LanguageHead.Read(
                    checkpoint,
                    weights,
                    "transformer.",
                    weights.LayerNorm("ln_f", hidden, epsilon, biases.Norms),
                    embedding,
                    tiedByDefault: true),
            ],
        };
    }

    private static float Scale(ConfigSection config, int headDim, int layer)
    {
        var scale = config.FindFlag("scale_attn_weights") ?? true ? 1 / MathF.Sqrt(headDim) : 1;
        return config.FindFlag("scale_attn_by_inverse_layer_idx") ?? false ? scale / (layer + 1) : scale;
    }

    private static AttentionSpec Attention(WeightReader weights, string name, int hidden, int heads, float scale, Biases biases)
    {
        var fused = weights.Transposed($"{name}.c_attn.weight", 3 * hidden, hidden);
        var bias = biases.Fused ? weights.Vector($"{name}.c_attn.bias", 3 * hidden) : null;
        Linear Part(int index) => new(
            fused with { Rows = hidden, RowOffset = index * hidden },
            bias is null ? null : bias with { Length = hidden, Offset = index * hidden });
        var output = Dense(weights, $"{name}.c_proj", hidden, hidden, biases.Output);
        return new AttentionSpec(heads, heads, hidden / heads, Part(0), Part(1), Part(2), output, scale);
    }

    private static MlpSpec Mlp(WeightReader weights, string name, int hidden, ConfigSection config, Biases biases)
    {
        var feed = config.FindInteger("n_inner", 1, ModelLimits.Feed) ?? 4 * hidden;
        return new MlpSpec(
            Activations.Read(config, "activation_function", "gelu_new"),
            null,
            Dense(weights, $"{name}.c_fc", feed, hidden, biases.Mlp),
            Dense(weights, $"{name}.c_proj", hidden, feed, biases.Mlp));
    }

    private static Linear Dense(WeightReader weights, string name, int outputs, int inputs, bool bias) =>
        new(weights.Transposed($"{name}.weight", outputs, inputs), bias ? weights.Vector($"{name}.bias", outputs) : null);

    /// <summary>
    /// OpenAI's models have every bias, models trained by nanoGPT may have none. A kind of bias that no layer has is
    /// taken as zero, with a warning; one that any layer has must be there in all.
    /// </summary>
    private sealed record Biases(bool Norms, bool Fused, bool Output, bool Mlp)
    {
        public static Biases Find(Checkpoint checkpoint, WeightReader weights, int layers)
        {
            return new Biases(Any("ln_1"), Any("attn.c_attn"), Any("attn.c_proj"), Any("mlp.c_fc"));

            bool Any(string part)
            {
                if (Enumerable.Range(0, layers).Any(layer => weights.Contains($"h.{layer}.{part}.bias"))) return true;
                checkpoint.Warn($"no layer has {part}.bias; it is taken as zero.");
                return false;
            }
        }
    }
}
