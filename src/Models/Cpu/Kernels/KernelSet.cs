using InferenceServer.Models.Cpu.Lanes;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Cpu.Tiles;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>The kernels of one instruction set, chosen once at start. Rows are f32; strides (ld…) count floats.</summary>
internal abstract unsafe class KernelSet
{
    public abstract KernelPath Path { get; }

    /// <summary>For the start-up log.</summary>
    public abstract string Name { get; }

    /// <exception cref="PlatformNotSupportedException">The forced path is not on this machine.</exception>
    public static KernelSet Choose(KernelPath? force = null)
    {
        if (force is { } path && !IsSupported(path))
        {
            throw new PlatformNotSupportedException(
                $"This machine has no {path} instructions; leave the kernel path unset to use the best it has.");
        }

        return (force ?? Best()) switch
        {
            KernelPath.Amx => new KernelSet<Lanes512, Dots256<VnniProduct>>(TileUnit.Instance),
            KernelPath.Avx512 when Dots256<VnniProduct>.IsSupported => new KernelSet<Lanes512, Dots256<VnniProduct>>(),
            KernelPath.Avx512 => new KernelSet<Lanes512, Dots256<WideProduct>>(),
            KernelPath.Avx2 when Dots256<VnniProduct>.IsSupported && !Lanes512.IsSupported => new KernelSet<Lanes256, Dots256<VnniProduct>>(),
            KernelPath.Avx2 => new KernelSet<Lanes256, Dots256<WideProduct>>(),
            _ => new KernelSet<Lanes128, Dots128>(),
        };
    }

    public static bool IsSupported(KernelPath path) => path switch
    {
        KernelPath.Amx => Lanes512.IsSupported && Dots256<VnniProduct>.IsSupported && TileUnit.Instance is not null,
        KernelPath.Avx512 => Lanes512.IsSupported,
        KernelPath.Avx2 => Lanes256.IsSupported,
        KernelPath.Portable => true,
        _ => false,
    };

    /// <summary>The form in which a product of so many rows takes its activations.</summary>
    public abstract ActivationForm FormFor(WeightFormat format, int rows);

    /// <summary>
    /// y[row] = x[row] · Wᵀ for the outputs of some strips; y holds all outputs, padding included. x is in that form, ldx
    /// counts bytes.
    /// </summary>
    public abstract void Product(
        ActivationForm form, PackedMatrix weight, int firstStrip, int strips, byte* x, nint ldx, float* y, nint ldy, int rows, NativeBuffer scratch);

    /// <inheritdoc cref="RowKernels{TLanes}.RmsNorm"/>
    public abstract void RmsNorm(float* x, float* weight, float* y, int length, float epsilon);

    /// <inheritdoc cref="RowKernels{TLanes}.LayerNorm"/>
    public abstract void LayerNorm(float* x, float* weight, float* bias, float* y, int length, float epsilon);

    /// <inheritdoc cref="RowKernels{TLanes}.AddScaled"/>
    public abstract void AddScaled(float* y, float* x, float scale, int length);

    /// <inheritdoc cref="RowKernels{TLanes}.Activate(Activation, float*, float*, int)"/>
    public abstract void Activate(Activation activation, float* x, float* up, int length);

    /// <inheritdoc cref="RowKernels{TLanes}.Rotate"/>
    public abstract void Rotate(float* x, float* cos, float* sin, int half);

    /// <inheritdoc cref="AttentionKernels{TLanes}.Scores"/>
    public abstract void Scores(
        float* q, nint ldq, int queries, float** tiles, int* at, int count, int headDim, float* scores, nint ldScores);

    /// <inheritdoc cref="AttentionKernels{TLanes}.Exponentials"/>
    public abstract float Exponentials(float* scores, int length);

    /// <inheritdoc cref="ValueKernels{TLanes}.Accumulate"/>
    public abstract void Accumulate(
        float* p, nint ldp, int queries, float** pages, int pageTokens, int from, int to, int width, float* output, nint ldo);

    private static KernelPath Best() =>
        IsSupported(KernelPath.Amx) ? KernelPath.Amx : Lanes512.IsSupported ? KernelPath.Avx512 : Lanes256.IsSupported ? KernelPath.Avx2 : KernelPath.Portable;
}
