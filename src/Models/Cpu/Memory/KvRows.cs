using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Memory;

/// <summary>
/// One position's key or value of one head, to and from the arena's format. Its bits depend on its own numbers alone. In int8
/// a vector has one f32 scale, its largest magnitude / 127; a number that is not finite spoils its whole vector.
/// </summary>
internal static unsafe class KvRows
{
    private const int Lanes = KvLayout.TileTokens;
    private const float Largest = 127;

    /// <summary>Stores a key, [headDim], as position <paramref name="lane"/> of a tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WriteKey(KvFormat format, byte* tile, int lane, int headDim, float* key)
    {
        if (format == KvFormat.F32)
        {
            var floats = (float*)tile + lane;
            for (nint d = 0; d < headDim; d++) floats[d * Lanes] = key[d];
            return;
        }

        var codes = stackalloc int[headDim];
        if (format == KvFormat.BF16)
        {
            ToBf16(key, headDim, codes);
            for (nint d = 0; d < headDim; d++) ((ushort*)tile)[(d * Lanes) + lane] = (ushort)codes[d];
            return;
        }

        ((float*)(tile + (headDim * Lanes)))[lane] = ToBytes(key, headDim, codes);
        for (nint d = 0; d < headDim; d++) tile[(d * Lanes) + lane] = (byte)codes[d];
    }

    /// <summary>Stores a value, [headDim], as position <paramref name="token"/> of a page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WriteValue(KvFormat format, byte* values, int token, int pageTokens, int width, int headDim, float* value)
    {
        if (format == KvFormat.F32)
        {
            var row = new Span<float>((float*)values + ((nint)token * width), width);
            new ReadOnlySpan<float>(value, headDim).CopyTo(row);
            row[headDim..].Clear();
            return;
        }

        var codes = stackalloc int[headDim];
        if (format == KvFormat.BF16)
        {
            ToBf16(value, headDim, codes);
            var row = (ushort*)values + ((nint)token * width);
            for (var d = 0; d < width; d++) row[d] = d < headDim ? (ushort)codes[d] : (ushort)0;
            return;
        }

        ((float*)(values + ((nint)pageTokens * width)))[token] = ToBytes(value, headDim, codes);
        var bytes = values + ((nint)token * width);
        for (var d = 0; d < width; d++) bytes[d] = d < headDim ? (byte)codes[d] : (byte)0;
    }

    /// <summary>Reads a key back, [headDim].</summary>
    public static void ReadKey(KvFormat format, byte* tile, int lane, int headDim, float* key)
    {
        for (nint d = 0; d < headDim; d++)
        {
            var at = (d * Lanes) + lane;
            key[d] = format switch
            {
                KvFormat.F32 => ((float*)tile)[at],
                KvFormat.BF16 => WeightBlocks.Widen(((ushort*)tile)[at]),
                _ => ((sbyte*)tile)[at] * ((float*)(tile + (headDim * Lanes)))[lane],
            };
        }
    }

    /// <summary>Reads a value back, [headDim].</summary>
    public static void ReadValue(KvFormat format, byte* values, int token, int pageTokens, int width, int headDim, float* value)
    {
        for (nint d = 0; d < headDim; d++)
        {
            var at = ((nint)token * width) + d;
            value[d] = format switch
            {
                KvFormat.F32 => ((float*)values)[at],
                KvFormat.BF16 => WeightBlocks.Widen(((ushort*)values)[at]),
                _ => ((sbyte*)values)[at] * ((float*)(values + ((nint)pageTokens * width)))[token],
            };
        }
    }

    private static void ToBf16(float* x, int count, int* codes)
    {
        var d = 0;
        for (; d <= count - Lanes; d += Lanes) (Bf16Panels.Round(Vector512.Load(x + d)).AsInt32() >>> 16).Store(codes + d);
        for (; d < count; d++) codes[d] = Bf16Panels.Round(x[d]);
    }

    /// <summary>Numbers in -127..127; returns their scale.</summary>
    private static float ToBytes(float* x, int count, int* codes)
    {
        var scale = Math.Abs(TensorPrimitives.MaxMagnitude(new ReadOnlySpan<float>(x, count))) / Largest;
        var inverse = scale == 0 ? 0 : 1 / scale;
        var d = 0;
        for (; d <= count - Lanes; d += Lanes)
            WeightBlocks.Quants(Vector512.Load(x + d) * Vector512.Create(inverse), -Largest, Largest).Store(codes + d);
        for (; d < count; d++) codes[d] = (int)MathF.Round(Math.Clamp(x[d] * inverse, -Largest, Largest));
        return scale;
    }
}
