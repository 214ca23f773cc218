namespace InferenceServer.Models.Decoding;

public enum Projection
{
    Query,
    Key,
    Value,
    Output,
    Gate,
    Up,
    Down,
}

/// <summary>y += Scale · B(A x), A [rank, inputs], B [outputs, rank] (LoRA, arXiv 2106.09685).</summary>
public sealed record Lora(Matrix A, Matrix B, float Scale);

/// <summary>A LoRA set applied at run time on the unmerged base.</summary>
public sealed record AdapterSpec(string Name, IReadOnlyDictionary<(int Layer, Projection Projection), Lora> Targets);

/// <summary>
/// Bitune's mix of a causal and a bidirectional KV table, per layer and in f32:
/// K = Kc·(1 − α) + Kb·α, and the same for V (arXiv 2405.14862).
/// </summary>
/// <param name="KeyAlpha">[layers], each in [0, 1].</param>
/// <param name="ValueAlpha">[layers], each in [0, 1].</param>
public sealed record BlendSpec(float[] KeyAlpha, float[] ValueAlpha);

/// <summary>
/// Quiet-STaR's mixing head: w = MLP([norm(base); norm(thought)]), ReLU between the layers, w unbounded;
/// the mixed row is (1 − w)·base + w·thought, after the head's norm (arXiv 2403.09629).
/// </summary>
public sealed record MixerSpec(IReadOnlyList<Linear> Layers);

/// <summary>A small net beside the stack that turns rows at a layer boundary into rows (ICoT-KD, arXiv 2311.01460).</summary>
public abstract record SideNetSpec;

/// <summary>
/// The emulator's recurrent net. Call i takes z, the input of layer i at the separator, and the state of calls
/// 0..i−1, and yields f_i (the emulated teacher state) and the row that replaces z before layer i:
/// mix = softmax(z·Wᵀ / temperature)·W (one component: that row); f = mlp_i([z; mix]);
/// (h, c) = LSTM(f + context); key = KeyProjection h; context = attention of QueryProjection h over earlier keys
/// (zero at i = 0); row = OutProjection([h; context]).
/// </summary>
/// <param name="Mlps">Per layer: Linear [4d, 2d], ReLU, Linear [d, 4d].</param>
/// <param name="Mixture">[components, d]</param>
/// <param name="LstmInput">[4d, d] and bias; gates i, f, g, o.</param>
public sealed record EmulatorSpec(
    IReadOnlyList<(Linear In, Linear Out)> Mlps,
    Matrix Mixture,
    float Temperature,
    Linear LstmInput,
    Linear LstmHidden,
    Linear KeyProjection,
    Linear QueryProjection,
    Linear OutProjection) : SideNetSpec;

/// <summary>The student's nets: g_i = Linear(ReLU(Linear f_i)), one pair per layer.</summary>
public sealed record PerLayerMlpSpec(IReadOnlyList<(Linear In, Linear Out)> Mlps) : SideNetSpec;
