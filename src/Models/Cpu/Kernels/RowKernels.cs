using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Lanes;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>What is done to one row on its own: norms, activations, sums, rotary positions. Any length.</summary>
internal static unsafe class RowKernels<TLanes>
    where TLanes : unmanaged, ILanes<TLanes>
{
    private const int Lanes = 16;

    /// <summary>y = x / sqrt(mean(x²) + ε) · w; y may be x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RmsNorm(float* x, float* weight, float* y, int length, float epsilon)
    {
        var scratch = stackalloc float[Lanes];
        var squares = TLanes.Zero;
        var i = 0;
        for (; i <= length - Lanes; i += Lanes)
        {
            var value = TLanes.Load(x + i);
            squares = TLanes.MultiplyAdd(value, value, squares);
        }

        if (i < length)
        {
            var value = LoadPart(x + i, length - i, scratch);
            squares = TLanes.MultiplyAdd(value, value, squares);
        }

        var scale = 1 / MathF.Sqrt((TLanes.Sum(squares) / length) + epsilon);
        var factor = TLanes.Broadcast(scale);
        for (i = 0; i <= length - Lanes; i += Lanes)
            TLanes.Store(y + i, TLanes.Multiply(TLanes.Multiply(TLanes.Load(x + i), factor), TLanes.Load(weight + i)));
        for (; i < length; i++) y[i] = x[i] * scale * weight[i];
    }

    /// <summary>y = (x − mean) / sqrt(var + ε) · w + b; b may be null, y may be x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LayerNorm(float* x, float* weight, float* bias, float* y, int length, float epsilon)
    {
        var scratch = stackalloc float[Lanes];
        var sum = TLanes.Zero;
        var i = 0;
        for (; i <= length - Lanes; i += Lanes) sum = TLanes.Add(sum, TLanes.Load(x + i));
        if (i < length) sum = TLanes.Add(sum, LoadPart(x + i, length - i, scratch));

        var mean = TLanes.Sum(sum) / length;
        var centre = TLanes.Broadcast(mean);
        var squares = TLanes.Zero;
        for (i = 0; i <= length - Lanes; i += Lanes)
        {
            var value = TLanes.Subtract(TLanes.Load(x + i), centre);
            squares = TLanes.MultiplyAdd(value, value, squares);
        }

        if (i < length)
        {
            for (var j = 0; j < Lanes; j++) scratch[j] = i + j < length ? x[i + j] - mean : 0;
            squares = TLanes.MultiplyAdd(TLanes.Load(scratch), TLanes.Load(scratch), squares);
        }

        var scale = 1 / MathF.Sqrt((TLanes.Sum(squares) / length) + epsilon);
        var factor = TLanes.Broadcast(scale);
        for (i = 0; i <= length - Lanes; i += Lanes)
        {
            var value = TLanes.Multiply(TLanes.Multiply(TLanes.Subtract(TLanes.Load(x + i), centre), factor), TLanes.Load(weight + i));
            TLanes.Store(y + i, bias == null ? value : TLanes.Add(value, TLanes.Load(bias + i)));
        }

        for (; i < length; i++)
        {
            var value = (x[i] - mean) * scale * weight[i];
            y[i] = bias == null ? value : value + bias[i];
        }
    }

    /// <summary>y += scale · x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddScaled(float* y, float* x, float scale, int length)
    {
        var factor = TLanes.Broadcast(scale);
        var i = 0;
        for (; i <= length - Lanes; i += Lanes)
            TLanes.Store(y + i, TLanes.MultiplyAdd(TLanes.Load(x + i), factor, TLanes.Load(y + i)));
        for (; i < length; i++) y[i] = MathF.FusedMultiplyAdd(x[i], scale, y[i]);
    }

    /// <summary>x = act(x), times <paramref name="up"/> unless it is null.</summary>
    public static void Activate(Activation activation, float* x, float* up, int length)
    {
        switch (activation)
        {
            case Activation.Silu: Activate<SiluFunction>(x, up, length); break;
            case Activation.GeluTanh: Activate<GeluTanhFunction>(x, up, length); break;
            case Activation.Gelu: Activate<GeluFunction>(x, up, length); break;
            case Activation.Relu: Activate<ReluFunction>(x, up, length); break;
            default: throw new ArgumentOutOfRangeException(nameof(activation), activation, "Unknown activation.");
        }
    }

    /// <summary>Rotates the pairs (i, i + half): x₁·cos − x₂·sin, x₂·cos + x₁·sin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rotate(float* x, float* cos, float* sin, int half)
    {
        var i = 0;
        for (; i <= half - Lanes; i += Lanes)
        {
            var (a, b, c, s) = (TLanes.Load(x + i), TLanes.Load(x + half + i), TLanes.Load(cos + i), TLanes.Load(sin + i));
            TLanes.Store(x + i, TLanes.Subtract(TLanes.Multiply(a, c), TLanes.Multiply(b, s)));
            TLanes.Store(x + half + i, TLanes.Add(TLanes.Multiply(b, c), TLanes.Multiply(a, s)));
        }

        for (; i < half; i++)
        {
            var (a, b) = (x[i], x[half + i]);
            x[i] = (a * cos[i]) - (b * sin[i]);
            x[half + i] = (b * cos[i]) + (a * sin[i]);
        }
    }

    private interface IFunction
    {
        static abstract TLanes Apply(TLanes x);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Activate<TFunction>(float* x, float* up, int length)
        where TFunction : struct, IFunction
    {
        var i = 0;
        for (; i <= length - Lanes; i += Lanes)
        {
            var value = TFunction.Apply(TLanes.Load(x + i));
            TLanes.Store(x + i, up == null ? value : TLanes.Multiply(value, TLanes.Load(up + i)));
        }

        if (i == length) return;
        var scratch = stackalloc float[Lanes];
        TLanes.Store(scratch, TFunction.Apply(LoadPart(x + i, length - i, scratch)));
        for (var j = 0; i + j < length; j++) x[i + j] = up == null ? scratch[j] : scratch[j] * up[i + j];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes LoadPart(float* source, int count, float* scratch)
    {
        for (var j = 0; j < Lanes; j++) scratch[j] = j < count ? source[j] : 0;
        return TLanes.Load(scratch);
    }

    private readonly struct SiluFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TLanes Apply(TLanes x) => LaneMath<TLanes>.Silu(x);
    }

    private readonly struct GeluTanhFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TLanes Apply(TLanes x) => LaneMath<TLanes>.GeluTanh(x);
    }

    private readonly struct GeluFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TLanes Apply(TLanes x) => LaneMath<TLanes>.Gelu(x);
    }

    private readonly struct ReluFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TLanes Apply(TLanes x) => LaneMath<TLanes>.Relu(x);
    }
}
