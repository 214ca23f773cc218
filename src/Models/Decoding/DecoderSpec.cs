namespace InferenceServer.Models.Decoding;

/// <param name="Tokens">[vocabulary, hidden]</param>
/// <param name="Positions">Learned positions [positions, hidden], added to every row that enters as token or vector; null with RoPE.</param>
/// <param name="Scale">Multiplies the token's row (Gemma: sqrt(hidden)).</param>
public sealed record EmbeddingSpec(Matrix Tokens, Matrix? Positions = null, float Scale = 1);

/// <summary>logits = Scale · Output(Norm(h)); Norm null = none.</summary>
public sealed record HeadSpec(string Name, NormSpec? Norm, Linear Output, float Scale = 1);

/// <summary>
/// Everything an engine needs to run a model: an architecture file maps published tensor names to this once,
/// and a method's loader adds its own heads, adapters, vectors and nets. Engines know no family and no method.
/// </summary>
public sealed record DecoderSpec
{
    public required int HiddenSize { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>Positions a sequence may hold.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Bottom to top. ICoT-KD stacks its emulator under its student: [0, L) and [L, 2L).</summary>
    public required IReadOnlyList<LayerSpec> Layers { get; init; }

    /// <summary>Index 0 is the model's own; ICoT-KD's student has a second one.</summary>
    public required IReadOnlyList<EmbeddingSpec> Embeddings { get; init; }

    /// <summary>Index 0 is the model's last-layer head.</summary>
    public required IReadOnlyList<HeadSpec> Heads { get; init; }

    /// <summary>Layer boundaries where rows enter or leave, beside 0 and the top (TaS: the thinking layer).</summary>
    public IReadOnlyList<int> Cuts { get; init; } = [];

    /// <summary>Learned rows [hidden] fed in place of tokens (Quiet-STaR's start and end), any scale applied.</summary>
    public IReadOnlyList<float[]> Vectors { get; init; } = [];

    /// <summary>Adapters by index; a row group chooses one, or <see cref="RowGroup.NoAdapter"/>.</summary>
    public IReadOnlyList<AdapterSpec> Adapters { get; init; } = [];

    /// <summary>Bitune's blends of two KV tables.</summary>
    public IReadOnlyList<BlendSpec> Blends { get; init; } = [];

    /// <summary>Quiet-STaR's mixing heads.</summary>
    public IReadOnlyList<MixerSpec> Mixers { get; init; } = [];

    /// <summary>ICoT-KD's emulator and student nets.</summary>
    public IReadOnlyList<SideNetSpec> SideNets { get; init; } = [];

    /// <summary>Positions beyond which a KV table must be <see cref="KvTable.IsLong"/>; null = it makes no difference.</summary>
    public int? LongAfter => Layers.Select(layer => layer.Attention.Rope?.Beyond?.After).FirstOrDefault(after => after is not null);

    public LayerRange AllLayers => new(0, Layers.Count);
}
