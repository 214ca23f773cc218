using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Tiles;

/// <summary>
/// A strip of int8 or int4 weights as the tiles take it: [2 halves][blocks of 32 inputs]{ [8 groups][16 outputs][4] signed
/// bytes without a zero point, then 16 scales as f32 }.
/// </summary>
internal static unsafe class TileBlocks
{
    /// <summary>Four inputs of sixteen outputs: a row of a tile.</summary>
    public const int GroupBytes = 64;

    public const int ScalesAt = 8 * GroupBytes;

    public const int BlockBytes = ScalesAt + 64;

    // As far ahead as hides memory's latency while a block is unpacked.
    private const int PrefetchBytes = 2048;

    public static void Unpack(WeightFormat format, byte* strip, int blocks, byte* to)
    {
        var upper = to + (blocks * (nint)BlockBytes);
        for (var block = 0; block < blocks; block++, to += BlockBytes, upper += BlockBytes)
        {
            strip = format == WeightFormat.Q4 ? Nibbles(strip, to, upper) : Bytes(strip, to, upper);
            var scales = Vector512.Load((uint*)strip);
            (scales << 16).Store((uint*)(to + ScalesAt));
            (scales & Vector512.Create(0xFFFF0000u)).Store((uint*)(upper + ScalesAt));
            strip += WeightBlocks.ScaleBytes;
        }
    }

    // Group g of the strip: outputs 0..15, then 16..31.
    private static byte* Bytes(byte* strip, byte* to, byte* upper)
    {
        var sign = Vector512.Create((byte)Int8Blocks.Zero);
        for (var group = 0; group < 8; group++, strip += 2 * GroupBytes)
        {
            Sse.Prefetch0(strip + PrefetchBytes);
            Sse.Prefetch0(strip + PrefetchBytes + 64);
            (Vector512.Load(strip) ^ sign).Store(to + (group * GroupBytes));
            (Vector512.Load(strip + GroupBytes) ^ sign).Store(upper + (group * GroupBytes));
        }

        return strip;
    }

    // Low nibbles are groups 0..3, high ones groups 4..7.
    private static byte* Nibbles(byte* strip, byte* to, byte* upper)
    {
        for (var group = 0; group < 4; group++, to += GroupBytes, upper += GroupBytes, strip += 2 * GroupBytes)
        {
            Sse.Prefetch0(strip + PrefetchBytes);
            Sse.Prefetch0(strip + PrefetchBytes + 64);
            Spread(Vector512.Load(strip), to);
            Spread(Vector512.Load(strip + GroupBytes), upper);
        }

        return strip;
    }

    private static void Spread(Vector512<byte> both, byte* to)
    {
        var mask = Vector512.Create((byte)0x0F);
        var zero = Vector512.Create((byte)Int4Blocks.Zero);
        ((both & mask) - zero).Store(to);
        (((both.AsUInt16() >>> 4).AsByte() & mask) - zero).Store(to + (4 * GroupBytes));
    }
}
