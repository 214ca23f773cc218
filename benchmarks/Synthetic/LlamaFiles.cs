using System.Text.Json;

namespace InferenceServer.Benchmarks.Synthetic;

/// <summary>Configuration and tokenizer of a synthetic Llama, as Hugging Face writes them.</summary>
internal static class LlamaFiles
{
    private static readonly string[] Architectures = ["LlamaForCausalLM"];

    /// <param name="thinkingLayer">Makes it a TaS checkpoint; null = none.</param>
    public static void WriteConfiguration(string path, LlamaShape shape, int? thinkingLayer = null)
    {
        var configuration = new Dictionary<string, object>
        {
            ["architectures"] = Architectures,
            ["model_type"] = "llama",
            ["hidden_act"] = "silu",
            ["vocab_size"] = shape.Vocabulary,
            ["hidden_size"] = shape.Hidden,
            ["intermediate_size"] = shape.Mlp,
            ["num_hidden_layers"] = shape.Layers,
            ["num_attention_heads"] = shape.Heads,
            ["num_key_value_heads"] = shape.KvHeads,
            ["rope_theta"] = LlamaShape.RopeTheta,
            ["rms_norm_eps"] = LlamaShape.NormEpsilon,
            ["max_position_embeddings"] = LlamaShape.Positions,
            ["tie_word_embeddings"] = shape.Tied,
            ["bos_token_id"] = SyntheticTokens.Begin,
            ["eos_token_id"] = SyntheticTokens.End,
            ["torch_dtype"] = "bfloat16",
        };
        if (thinkingLayer is { } layer)
            configuration["thinking"] = new { method = "tas", thinking_layer = layer, thought_end_token_id = SyntheticTokens.ThoughtEnd };
        File.WriteAllText(path, JsonSerializer.Serialize(configuration));
    }

    public static void WriteTokenizer(string folder, LlamaShape shape)
    {
        var tokens = SyntheticTokens.List(shape.Vocabulary);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), JsonSerializer.Serialize(new
        {
            version = "1.0",
            added_tokens = tokens.Where(token => token.Kind is TokenKind.Unknown or TokenKind.Control).Select(token => new
            {
                id = token.Id,
                content = token.Text,
                single_word = false,
                lstrip = false,
                rstrip = false,
                normalized = false,
                special = true,
            }),
            decoder = new { type = "ByteFallback" },
            model = new
            {
                type = "BPE",
                unk_token = "<unk>",
                byte_fallback = true,
                vocab = tokens.ToDictionary(token => token.Text, token => token.Id),
                merges = Array.Empty<string>(),
            },
        }));
    }
}
