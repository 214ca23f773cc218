using System.Text.Json;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Benchmarks.VsLlama;

/// <summary>
/// The same random weights as a Hugging Face folder (bf16) and as GGUF files. Weights are normal with deviation
/// 1/√inputs and norms near 1, so that activations neither vanish nor grow; all are exact in bf16.
/// </summary>
internal static class SyntheticLlama
{
    private static readonly string[] Architectures = ["LlamaForCausalLM"];

    public static string Gguf(string folder, GgufType type) => Path.Combine(folder, $"model-{type.ToString().ToLowerInvariant()}.gguf");

    /// <summary>Writes the folder unless it is complete; returns its path.</summary>
    public static string Ensure(string root, LlamaShape shape, IReadOnlyList<GgufType> types)
    {
        var folder = Path.Combine(root, shape.Name);
        // The configuration is written last: where it is, the rest is.
        var last = Path.Combine(folder, "config.json");
        var missing = types.Where(type => !File.Exists(Gguf(folder, type))).ToList();
        if (File.Exists(last) && missing.Count == 0) return folder;
        Console.WriteLine($"writing {folder} ...");
        Directory.CreateDirectory(folder);
        File.Delete(last);
        var writers = missing.Select(type => new GgufWriter(Gguf(folder, type), type, shape)).ToList();
        using (var weights = new FileStream(Path.Combine(folder, "model.safetensors"), FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20))
        {
            Header(weights, shape);
            var index = 0;
            foreach (var tensor in shape.Tensors())
            {
                var values = Values(tensor, index++);
                GgufBlocks.Write(weights, GgufType.BF16, values);
                foreach (var writer in writers) writer.Write(tensor, values);
            }
        }

        foreach (var writer in writers) writer.Dispose();
        Tokenizer(folder, shape);
        File.WriteAllText(last, Configuration(shape));
        return folder;
    }

    private static float[] Values(LlamaTensor tensor, int seed)
    {
        var random = new Random(seed);
        var values = new float[tensor.Count];
        var scale = 1 / Math.Sqrt(tensor.Columns);
        for (var i = 0; i < values.Length; i++)
        {
            // Four uniform numbers are near enough to a normal one, and quick to draw by the billion.
            var normal = (random.NextSingle() + random.NextSingle() + random.NextSingle() + random.NextSingle() - 2) * 1.7320508;
            values[i] = BitConverter.UInt32BitsToSingle((uint)Bf16Panels.Round((float)(tensor.IsNorm ? 1 + (0.1 * normal) : scale * normal)) << 16);
        }

        return values;
    }

    private static void Header(Stream file, LlamaShape shape)
    {
        var entries = new Dictionary<string, object>();
        var offset = 0L;
        foreach (var tensor in shape.Tensors())
        {
            var end = offset + (2L * tensor.Count);
            int[] dimensions = tensor.IsNorm ? [tensor.Columns] : [tensor.Rows, tensor.Columns];
            entries[tensor.Name] = new { dtype = "BF16", shape = dimensions, data_offsets = new[] { offset, end } };
            offset = end;
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(entries);
        file.Write(BitConverter.GetBytes((ulong)json.Length));
        file.Write(json);
    }

    private static string Configuration(LlamaShape shape) => JsonSerializer.Serialize(new
    {
        architectures = Architectures,
        model_type = "llama",
        hidden_act = "silu",
        vocab_size = shape.Vocabulary,
        hidden_size = shape.Hidden,
        intermediate_size = shape.Mlp,
        num_hidden_layers = shape.Layers,
        num_attention_heads = shape.Heads,
        num_key_value_heads = shape.KvHeads,
        rope_theta = LlamaShape.RopeTheta,
        rms_norm_eps = LlamaShape.NormEpsilon,
        max_position_embeddings = LlamaShape.Positions,
        tie_word_embeddings = shape.Tied,
        bos_token_id = SyntheticTokens.Begin,
        eos_token_id = SyntheticTokens.End,
        torch_dtype = "bfloat16",
    });

    private static void Tokenizer(string folder, LlamaShape shape)
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
