using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>Turns sixteen rows of sixteen 32-bit words into columns.</summary>
internal static unsafe class Transposition
{
    private const int Count = 16;

    /// <param name="from">Rows, not aligned.</param>
    /// <param name="ldFrom">Bytes from row to row.</param>
    /// <param name="to">Columns, aligned to 64 bytes.</param>
    /// <param name="ldTo">Words from column to column, a multiple of sixteen.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Words(byte* from, nint ldFrom, uint* to, nint ldTo)
    {
        if (Avx512F.IsSupported) Wide(from, ldFrom, to, ldTo);
        else Plain(from, ldFrom, to, ldTo);
    }

    private static void Plain(byte* from, nint ldFrom, uint* to, nint ldTo)
    {
        for (var row = 0; row < Count; row++, from += ldFrom)
        {
            for (var column = 0; column < Count; column++)
                to[(column * ldTo) + row] = Unsafe.ReadUnaligned<uint>(from + (column * sizeof(uint)));
        }
    }

    // Four rows, sixteen words each, become four times four columns of four words; then quarters are exchanged.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Wide(byte* from, nint ldFrom, uint* to, nint ldTo)
    {
        Quarter(from, ldFrom, out var a0, out var a1, out var a2, out var a3);
        Quarter(from + (4 * ldFrom), ldFrom, out var b0, out var b1, out var b2, out var b3);
        Quarter(from + (8 * ldFrom), ldFrom, out var c0, out var c1, out var c2, out var c3);
        Quarter(from + (12 * ldFrom), ldFrom, out var d0, out var d1, out var d2, out var d3);
        Store(a0, b0, c0, d0, to, ldTo);
        Store(a1, b1, c1, d1, to + ldTo, ldTo);
        Store(a2, b2, c2, d2, to + (2 * ldTo), ldTo);
        Store(a3, b3, c3, d3, to + (3 * ldTo), ldTo);
    }

    /// <summary>Four rows; the results hold words j, 4 + j, 8 + j and 12 + j of all four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter(
        byte* from, nint ld, out Vector512<uint> first, out Vector512<uint> second, out Vector512<uint> third, out Vector512<uint> fourth)
    {
        var (row0, row1) = (Vector512.Load((uint*)from), Vector512.Load((uint*)(from + ld)));
        var (row2, row3) = (Vector512.Load((uint*)(from + (2 * ld))), Vector512.Load((uint*)(from + (3 * ld))));
        var low01 = Avx512F.UnpackLow(row0, row1).AsUInt64();
        var high01 = Avx512F.UnpackHigh(row0, row1).AsUInt64();
        var low23 = Avx512F.UnpackLow(row2, row3).AsUInt64();
        var high23 = Avx512F.UnpackHigh(row2, row3).AsUInt64();
        first = Avx512F.UnpackLow(low01, low23).AsUInt32();
        second = Avx512F.UnpackHigh(low01, low23).AsUInt32();
        third = Avx512F.UnpackLow(high01, high23).AsUInt32();
        fourth = Avx512F.UnpackHigh(high01, high23).AsUInt32();
    }

    /// <summary>Stores columns j, 4 + j, 8 + j and 12 + j.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d, uint* to, nint ldTo)
    {
        var lowAb = Avx512F.Shuffle4x128(a, b, 0x44);
        var highAb = Avx512F.Shuffle4x128(a, b, 0xEE);
        var lowCd = Avx512F.Shuffle4x128(c, d, 0x44);
        var highCd = Avx512F.Shuffle4x128(c, d, 0xEE);
        Avx512F.Shuffle4x128(lowAb, lowCd, 0x88).StoreAligned(to);
        Avx512F.Shuffle4x128(lowAb, lowCd, 0xDD).StoreAligned(to + (4 * ldTo));
        Avx512F.Shuffle4x128(highAb, highCd, 0x88).StoreAligned(to + (8 * ldTo));
        Avx512F.Shuffle4x128(highAb, highCd, 0xDD).StoreAligned(to + (12 * ldTo));
    }
}
