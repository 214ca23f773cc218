using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>f32 weights, [N/32][K][32].</summary>
internal readonly unsafe struct F32Panels : IWeightPanels
{
    public static WeightFormat Format => WeightFormat.F32;

    public static int PairBytes => 2 * IStripPacker.StripOutputs * sizeof(float);

    public static long StripBytes(int inputs) => checked((long)((inputs + 1) / 2) * PairBytes);

    public static void Pack(float* rows, int inputs, byte* strip)
    {
        var packed = (float*)strip;
        for (var k = 0; k < inputs; k++)
        {
            for (var n = 0; n < IStripPacker.StripOutputs; n++)
                packed[(k * IStripPacker.StripOutputs) + n] = rows[((nint)n * inputs) + k];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Even<TLanes>(byte* pair, int half)
        where TLanes : unmanaged, ILanes<TLanes> => TLanes.Load((float*)pair + (half * 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Odd<TLanes>(byte* pair, int half)
        where TLanes : unmanaged, ILanes<TLanes> => TLanes.Load((float*)pair + 32 + (half * 16));
}
