using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace InferenceServer.Benchmarks.VsLlama;

/// <summary>Tensor types of GGUF, by the numbers ggml gives them (ggml.h, <c>enum ggml_type</c>).</summary>
internal enum GgufType
{
    F32 = 0,
    Q4 = 2,
    Q8 = 8,
    BF16 = 30,
}

/// <summary>
/// Values as a GGUF tensor holds them. Q8_0: f16 scale, 32 bytes. Q4_0: f16 scale, 16 bytes of two values each, j and
/// j + 16; the value of largest magnitude becomes -8. As ggml's reference quantiser does it, with widths alike in all
/// tensors ("pure").
/// </summary>
internal static class GgufBlocks
{
    private const int Block = 32;

    public static long Bytes(GgufType type, long values) => type switch
    {
        GgufType.F32 => values * 4,
        GgufType.BF16 => values * 2,
        GgufType.Q8 => values / Block * 34,
        _ => values / Block * 18,
    };

    /// <param name="row">A multiple of 32 values, exact in bf16.</param>
    public static void Write(Stream file, GgufType type, ReadOnlySpan<float> row)
    {
        switch (type)
        {
            case GgufType.F32:
                file.Write(MemoryMarshal.AsBytes(row));
                break;
            case GgufType.BF16:
                Span<byte> half = new byte[2 * row.Length];
                for (var i = 0; i < row.Length; i++)
                    MemoryMarshal.Cast<byte, ushort>(half)[i] = (ushort)(BitConverter.SingleToUInt32Bits(row[i]) >> 16);
                file.Write(half);
                break;
            default:
                Span<byte> packed = stackalloc byte[(int)Bytes(type, Block)];
                for (var i = 0; i < row.Length; i += Block)
                {
                    if (type == GgufType.Q8) PackQ8(row.Slice(i, Block), packed);
                    else PackQ4(row.Slice(i, Block), packed);
                    file.Write(packed);
                }

                break;
        }
    }

    private static void PackQ8(ReadOnlySpan<float> values, Span<byte> packed)
    {
        var scale = Math.Abs(TensorPrimitives.MaxMagnitude(values)) / 127;
        MemoryMarshal.Write(packed, (Half)scale);
        var inverse = scale == 0 ? 0 : 1 / scale;
        for (var i = 0; i < Block; i++)
            packed[2 + i] = (byte)(sbyte)MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero);
    }

    private static void PackQ4(ReadOnlySpan<float> values, Span<byte> packed)
    {
        var scale = TensorPrimitives.MaxMagnitude(values) / -8;
        MemoryMarshal.Write(packed, (Half)scale);
        var inverse = scale == 0 ? 0 : 1 / scale;
        for (var i = 0; i < Block / 2; i++)
            packed[2 + i] = (byte)(Quant(values[i] * inverse) | (Quant(values[i + (Block / 2)] * inverse) << 4));
    }

    private static int Quant(float value) => Math.Min(15, (int)(value + 8.5f));
}
