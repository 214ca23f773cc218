namespace InferenceServer.Benchmarks.Synthetic;

/// <summary>Sizes of a synthetic Llama.</summary>
/// <param name="Tied">Embedding and head are one matrix.</param>
internal sealed record LlamaShape(
    string Name, int Layers, int Hidden, int Mlp, int Heads, int KvHeads, int Vocabulary, bool Tied)
{
    public const int Positions = 2048;
    public const float NormEpsilon = 1e-5f;
    public const float RopeTheta = 10_000;

    public static readonly IReadOnlyList<LlamaShape> All =
    [
        new("tiny", 2, 256, 512, 4, 2, 32_000, Tied: true),
        new("110m", 12, 768, 2048, 12, 12, 32_000, Tied: true),
        new("1.1b", 22, 2048, 5632, 32, 4, 32_000, Tied: false),
        new("8b", 32, 4096, 14336, 32, 8, 128_256, Tied: false),
    ];

    public int HeadDim => Hidden / Heads;

    /// <summary>Half the depth.</summary>
    public int ThinkingLayer => Layers / 2;

    /// <summary>Weights of all tensors.</summary>
    public long Parameters => Tensors().Sum(tensor => (long)tensor.Count);

    /// <exception cref="ArgumentException">There is no such shape.</exception>
    public static LlamaShape Named(string name) => All.FirstOrDefault(shape => shape.Name == name)
        ?? throw new ArgumentException($"'{name}' is not a shape; there are {string.Join(", ", All.Select(shape => shape.Name))}.");

    /// <summary>Every tensor in the order the files hold them.</summary>
    public IEnumerable<LlamaTensor> Tensors()
    {
        yield return new("model.embed_tokens.weight", "token_embd.weight", Vocabulary, Hidden);
        for (var layer = 0; layer < Layers; layer++)
        {
            var (theirs, ours) = ($"blk.{layer}.", $"model.layers.{layer}.");
            yield return new(ours + "input_layernorm.weight", theirs + "attn_norm.weight", 1, Hidden);
            yield return new(ours + "self_attn.q_proj.weight", theirs + "attn_q.weight", Hidden, Hidden, Heads);
            yield return new(ours + "self_attn.k_proj.weight", theirs + "attn_k.weight", KvHeads * HeadDim, Hidden, KvHeads);
            yield return new(ours + "self_attn.v_proj.weight", theirs + "attn_v.weight", KvHeads * HeadDim, Hidden);
            yield return new(ours + "self_attn.o_proj.weight", theirs + "attn_output.weight", Hidden, Hidden);
            yield return new(ours + "post_attention_layernorm.weight", theirs + "ffn_norm.weight", 1, Hidden);
            yield return new(ours + "mlp.gate_proj.weight", theirs + "ffn_gate.weight", Mlp, Hidden);
            yield return new(ours + "mlp.up_proj.weight", theirs + "ffn_up.weight", Mlp, Hidden);
            yield return new(ours + "mlp.down_proj.weight", theirs + "ffn_down.weight", Hidden, Mlp);
        }

        yield return new("model.norm.weight", "output_norm.weight", 1, Hidden);
        if (!Tied) yield return new("lm_head.weight", "output.weight", Vocabulary, Hidden);
    }
}

/// <summary>A matrix [rows, columns] by its two names; one row = the vector of a norm.</summary>
/// <param name="RotatedHeads">
/// Heads whose rows the two layouts order differently, 0 = none: Hugging Face rotates element i with i + d/2, GGUF's llama
/// 2i with 2i + 1.
/// </param>
internal sealed record LlamaTensor(string Name, string GgufName, int Rows, int Columns, int RotatedHeads = 0)
{
    public bool IsNorm => Rows == 1;

    public int Count => checked(Rows * Columns);

    /// <summary>The row of the Hugging Face layout that is row <paramref name="row"/> of GGUF's.</summary>
    public int SourceRow(int row)
    {
        if (RotatedHeads == 0) return row;
        var dim = Rows / RotatedHeads;
        var (head, within) = (row / dim, row % dim);
        return (head * dim) + (within % 2 * (dim / 2)) + (within / 2);
    }
}
