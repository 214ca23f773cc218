using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// bf16 weights, [N/32][K/2][32][2]: a 32-bit word holds the weights of inputs k and k+1 for one output, so that
/// widening is a shift or a mask and needs no shuffle.
/// </summary>
internal readonly unsafe struct Bf16Panels : IWeightPanels
{
    public static WeightFormat Format => WeightFormat.BF16;

    public static int PairBytes => 2 * IStripPacker.StripOutputs * sizeof(ushort);

    public static long StripBytes(int inputs) => checked((long)((inputs + 1) / 2) * PairBytes);

    public static void Pack(float* rows, int inputs, byte* strip)
    {
        var packed = (ushort*)strip;
        for (var k = 0; k < inputs; k++)
        {
            var column = packed + ((k >> 1) * 2 * IStripPacker.StripOutputs) + (k & 1);
            for (var n = 0; n < IStripPacker.StripOutputs; n++) column[2 * n] = Round(rows[((nint)n * inputs) + k]);
        }

        if ((inputs & 1) == 0) return;
        var last = packed + ((inputs >> 1) * 2 * IStripPacker.StripOutputs) + 1;
        for (var n = 0; n < IStripPacker.StripOutputs; n++) last[2 * n] = 0;
    }

    /// <summary>The nearest bf16, ties to even; NaN stays NaN.</summary>
    public static ushort Round(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Even<TLanes>(byte* pair, int half)
        where TLanes : unmanaged, ILanes<TLanes> => TLanes.LoadLowHalves(pair + (half * 64));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Odd<TLanes>(byte* pair, int half)
        where TLanes : unmanaged, ILanes<TLanes> => TLanes.LoadHighHalves(pair + (half * 64));
}
