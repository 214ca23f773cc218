namespace InferenceServer.Models.Cpu;

/// <summary>How weights lie in memory. Residual stream, norms and attention are f32 in all of them.</summary>
public enum WeightFormat
{
    /// <summary>4 bytes a weight; f16 and bf16 files are widened, nothing is lost. The mode golden values are compared in.</summary>
    F32,

    /// <summary>
    /// 2 bytes a weight; f32 and f16 files are rounded to nearest even at load, bf16 files keep their bits. Activations are
    /// rounded to bf16 as they enter a product; sums are f32.
    /// </summary>
    BF16,

    /// <summary>
    /// 8.5 bits a weight: bytes and a bf16 scale per 32 inputs, quantised at load. Activations are rounded to bytes per 32
    /// as well; sums within a block are exact integers.
    /// </summary>
    Q8,

    /// <summary>4.5 bits a weight: half bytes and a bf16 scale per 32 inputs; activations as with <see cref="Q8"/>.</summary>
    Q4,
}

/// <summary>How keys and values lie in memory. They are widened to f32 where they are used.</summary>
public enum KvFormat
{
    /// <summary>4 bytes a number; nothing is lost.</summary>
    F32,

    /// <summary>2 bytes a number, rounded to nearest even.</summary>
    BF16,

    /// <summary>A byte a number, and an f32 scale for each head's key and value at each position.</summary>
    Q8,
}

/// <summary>Instruction sets the kernels are compiled for. All of them yield the same bits.</summary>
public enum KernelPath
{
    /// <summary>The matrix unit for bf16, int8 and int4 with several rows, 512-bit vectors for the rest. Linux on x64.</summary>
    Amx,

    /// <summary>512-bit vectors, 32 registers; integer products by AVX-VNNI where there is.</summary>
    Avx512,

    /// <summary>256-bit vectors with fused multiply-add.</summary>
    Avx2,

    /// <summary>
    /// 128-bit vectors: AdvSimd on Arm; on x64 without FMA every multiply-add is done in software, exact but 25
    /// (decode) to 150 (prefill) times slower.
    /// </summary>
    Portable,
}

public sealed record CpuOptions
{
    public WeightFormat Weights { get; init; } = WeightFormat.F32;

    public KvFormat Kv { get; init; } = KvFormat.F32;

    /// <summary>Of a method's small nets: there is little to gain and much to lose in rounding them further.</summary>
    internal WeightFormat NetWeights => Weights is WeightFormat.Q8 or WeightFormat.Q4 ? WeightFormat.BF16 : Weights;

    /// <summary>Threads that compute, the caller's included; 0 = as many as the machine or the container's limit allows.</summary>
    public int Threads { get; init; }

    /// <summary>Null = the widest path this machine has.</summary>
    public KernelPath? Force { get; init; }
}
