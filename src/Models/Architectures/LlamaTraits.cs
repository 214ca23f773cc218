using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>Where a family differs from Llama; the defaults are Llama's own.</summary>
internal sealed record LlamaTraits
{
    /// <summary>Where <c>max_position_embeddings</c> is absent.</summary>
    public required int DefaultMaxPositions { get; init; }

    /// <summary>Where <c>num_key_value_heads</c> is absent; null = as many as heads.</summary>
    public int? DefaultKvHeads { get; init; }

    /// <summary>Where <c>head_dim</c> is absent; null = hidden / heads.</summary>
    public int? DefaultHeadDim { get; init; }

    /// <summary>Where <c>rms_norm_eps</c> is absent.</summary>
    public double DefaultEpsilon { get; init; } = 1e-6;

    /// <summary>Share of a head that is rotated where the configuration does not say; null = all, and no other is allowed.</summary>
    public double? DefaultRotaryShare { get; init; }

    /// <summary>Whether the head is the embedding where <c>tie_word_embeddings</c> is absent.</summary>
    public bool TiedByDefault { get; init; }

    /// <summary>Biases of q, k and v.</summary>
    public bool QkvBias { get; init; }

    public bool OutputBias { get; init; }

    public bool MlpBias { get; init; }

    /// <summary>RMS norms of each query and key head.</summary>
    public bool QkNorm { get; init; }

    /// <summary>q, k and v are stored in one matrix, gate and up in another.</summary>
    public bool Fused { get; init; }

    /// <summary>Norm weights are stored as w − 1.</summary>
    public bool NormAddOne { get; init; }

    /// <summary>Null = what <c>hidden_act</c> says.</summary>
    public Activation? Activation { get; init; }

    /// <summary>Multiplies the embedding, given its matrix.</summary>
    public Func<Matrix, float> EmbeddingScale { get; init; } = _ => 1;

    /// <summary>Multiplies q·k; null = 1/sqrt(head_dim).</summary>
    public float? AttentionScale { get; init; }

    public float ResidualScale { get; init; } = 1;

    public float LogitsScale { get; init; } = 1;

    /// <summary>Attention window per layer, null = all positions.</summary>
    public Func<int, int?> Windows { get; init; } = _ => null;
}
