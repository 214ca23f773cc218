namespace InferenceServer.Models.Decoding;

public enum NormKind
{
    /// <summary>x / sqrt(mean(x²) + ε) · w</summary>
    Rms,

    /// <summary>(x − mean) / sqrt(var + ε) · w + b</summary>
    Layer,
}

/// <param name="AddOne">The stored weight is w − 1 (Gemma).</param>
public sealed record NormSpec(NormKind Kind, VectorWeight Weight, VectorWeight? Bias, float Epsilon, bool AddOne = false);

/// <summary>
/// Rotary positions on the first <paramref name="Dimensions"/> of each head, pairs (i, i + Dimensions/2) as in
/// Hugging Face checkpoints. Angle of pair i at position p: p · InverseFrequencies[i].
/// </summary>
/// <param name="InverseFrequencies">[Dimensions / 2], after any scaling of long contexts.</param>
/// <param name="AttentionFactor">Multiplies cos and sin (YaRN, LongRoPE); 1 otherwise.</param>
/// <param name="Beyond">Other frequencies for long sequences (LongRoPE); null = the same for all.</param>
public sealed record RopeSpec(int Dimensions, float[] InverseFrequencies, float AttentionFactor = 1, LongRopeSpec? Beyond = null);

/// <summary>
/// Frequencies of every position of a sequence that has more than <paramref name="After"/> of them. What a shorter
/// sequence has cached is of no use to it when it grows beyond: see <see cref="KvTable.IsLong"/>.
/// </summary>
/// <param name="InverseFrequencies">[Dimensions / 2]</param>
public sealed record LongRopeSpec(int After, float[] InverseFrequencies);

/// <param name="Scale">Multiplies q·k, usually 1/sqrt(HeadDim).</param>
/// <param name="Window">A row sees at most this many positions back, itself included; null = all.</param>
/// <param name="QueryNorm">Normalises each query head over HeadDim before RoPE (Qwen3).</param>
public sealed record AttentionSpec(
    int Heads,
    int KvHeads,
    int HeadDim,
    Linear Query,
    Linear Key,
    Linear Value,
    Linear Output,
    float Scale,
    RopeSpec? Rope = null,
    NormSpec? QueryNorm = null,
    NormSpec? KeyNorm = null,
    int? Window = null);

public enum Activation
{
    Silu,

    /// <summary>The tanh approximation of GELU.</summary>
    GeluTanh,

    /// <summary>GELU by the error function.</summary>
    Gelu,

    Relu,
}

/// <summary>With a gate: Down(act(Gate x) ⊙ Up x); without: Down(act(Up x)).</summary>
public sealed record MlpSpec(Activation Activation, Linear? Gate, Linear Up, Linear Down);

/// <summary>
/// One decoder layer. Sequential: x += a·Attn(AttentionNorm x), then x += a·Mlp(MlpNorm x).
/// Without an <paramref name="MlpNorm"/> the residuals are parallel and share AttentionNorm (Phi-2).
/// </summary>
public sealed record LayerSpec(
    NormSpec AttentionNorm,
    AttentionSpec Attention,
    NormSpec? MlpNorm,
    MlpSpec Mlp,
    float ResidualScale = 1);
