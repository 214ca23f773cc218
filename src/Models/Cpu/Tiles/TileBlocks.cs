using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Tiles;

/// <summary>
/// A strip of int8 or int4 weights as the tiles take it: per 32 inputs [2 halves][8 groups][16 outputs][4] signed bytes
/// without a zero point, then 32 scales as f32.
/// </summary>
internal static unsafe class TileBlocks
{
    /// <summary>Four inputs of sixteen outputs: a row of a tile.</summary>
    public const int GroupBytes = 64;

    public const int HalfBytes = 8 * GroupBytes;

    public const int ScalesAt = 2 * HalfBytes;

    public const int BlockBytes = ScalesAt + (2 * 64);

    // As far ahead as hides memory's latency while a block is unpacked.
    private const int PrefetchBytes = 2048;

    public static void Unpack(WeightFormat format, byte* strip, int blocks, byte* to)
    {
        for (var block = 0; block < blocks; block++, to += BlockBytes)
        {
            strip = format == WeightFormat.Q4 ? Nibbles(strip, to) : Bytes(strip, to);
            var scales = Vector512.Load((uint*)strip);
            (scales << 16).Store((uint*)(to + ScalesAt));
            (scales & Vector512.Create(0xFFFF0000u)).Store((uint*)(to + ScalesAt + 64));
            strip += WeightBlocks.ScaleBytes;
        }
    }

    // Group g of the strip: outputs 0..15, then 16..31.
    private static byte* Bytes(byte* strip, byte* to)
    {
        var sign = Vector512.Create((byte)Int8Blocks.Zero);
        for (var group = 0; group < 8; group++, strip += 2 * GroupBytes)
        {
            Sse.Prefetch0(strip + PrefetchBytes);
            Sse.Prefetch0(strip + PrefetchBytes + 64);
            (Vector512.Load(strip) ^ sign).Store(to + (group * GroupBytes));
            (Vector512.Load(strip + GroupBytes) ^ sign).Store(to + HalfBytes + (group * GroupBytes));
        }

        return strip;
    }

    // Low nibbles are groups 0..3, high ones groups 4..7.
    private static byte* Nibbles(byte* strip, byte* to)
    {
        var mask = Vector512.Create((byte)0x0F);
        var zero = Vector512.Create((byte)Int4Blocks.Zero);
        for (var group = 0; group < 4; group++)
        {
            for (var half = 0; half < 2; half++, strip += GroupBytes)
            {
                Sse.Prefetch0(strip + PrefetchBytes);
                var both = Vector512.Load(strip);
                var at = to + (half * HalfBytes) + (group * GroupBytes);
                ((both & mask) - zero).Store(at);
                (((both.AsUInt16() >>> 4).AsByte() & mask) - zero).Store(at + (4 * GroupBytes));
            }
        }

        return strip;
    }
}
