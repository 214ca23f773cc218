using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using InferenceServer.Models.Cpu;

namespace InferenceServer.Benchmarks.Roofline;

/// <summary>
/// The most operations a second of one kind of instruction, on registers alone: the flat roofs. A multiply-add counts as two.
/// </summary>
/// <param name="Loop">Runs so many iterations.</param>
/// <param name="Operations">Operations of one iteration.</param>
internal sealed record ComputePeak(string Name, Action<int> Loop, double Operations)
{
    private const int Accumulators = 12; // a multiply-add takes 4 cycles, and up to 2 start in each
    private const double ItemOperations = 5e8; // of a vector's item: milliseconds
    private const double WideOperations = 10_000; // of an iteration of the matrix unit

    /// <summary>Those this machine has.</summary>
    public static IReadOnlyList<ComputePeak> All()
    {
        var peaks = new List<ComputePeak>();
        if (Vector512.IsHardwareAccelerated) peaks.Add(new("f32 FMA", static count => MultiplyAdd512(count), 2 * 16 * Accumulators));
        else if (Fma.IsSupported) peaks.Add(new("f32 FMA", static count => MultiplyAdd256(count), 2 * 8 * Accumulators));
        if (AvxVnni.IsSupported) peaks.Add(new("vpdpbusd", static count => DotProduct256(count), 2 * 32 * Accumulators));
        if (TilePeak.Create() is { } tiles)
        {
            peaks.Add(new("AMX bf16", count => tiles.Run(integers: false, count), TilePeak.Bf16Operations));
            peaks.Add(new("AMX int8", count => tiles.Run(integers: true, count), TilePeak.Int8Operations));
        }

        return peaks;
    }

    /// <summary>Operations per second on all threads of the pool.</summary>
    public double Rate(WorkerPool pool)
    {
        var items = 8 * pool.Threads; // a neighbour that takes a core for a while delays one item
        var iterations = (int)(ItemOperations * (Operations > WideOperations ? 20 : 1) / Operations);
        var seconds = Reports.Rounds.Seconds(() => pool.Run(items, (_, _) => Loop(iterations)));
        return items * iterations * Operations / seconds;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float MultiplyAdd512(int count)
    {
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default, a4 = default, a5 = default;
        Vector512<float> a6 = default, a7 = default, a8 = default, a9 = default, a10 = default, a11 = default;
        var (x, y) = (Vector512.Create(0.5f), Vector512.Create(1.5f));
        for (var i = 0; i < count; i++)
        {
            a0 = Vector512.FusedMultiplyAdd(x, y, a0);
            a1 = Vector512.FusedMultiplyAdd(x, y, a1);
            a2 = Vector512.FusedMultiplyAdd(x, y, a2);
            a3 = Vector512.FusedMultiplyAdd(x, y, a3);
            a4 = Vector512.FusedMultiplyAdd(x, y, a4);
            a5 = Vector512.FusedMultiplyAdd(x, y, a5);
            a6 = Vector512.FusedMultiplyAdd(x, y, a6);
            a7 = Vector512.FusedMultiplyAdd(x, y, a7);
            a8 = Vector512.FusedMultiplyAdd(x, y, a8);
            a9 = Vector512.FusedMultiplyAdd(x, y, a9);
            a10 = Vector512.FusedMultiplyAdd(x, y, a10);
            a11 = Vector512.FusedMultiplyAdd(x, y, a11);
        }

        return Vector512.Sum(a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float MultiplyAdd256(int count)
    {
        Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default, a4 = default, a5 = default;
        Vector256<float> a6 = default, a7 = default, a8 = default, a9 = default, a10 = default, a11 = default;
        var (x, y) = (Vector256.Create(0.5f), Vector256.Create(1.5f));
        for (var i = 0; i < count; i++)
        {
            a0 = Fma.MultiplyAdd(x, y, a0);
            a1 = Fma.MultiplyAdd(x, y, a1);
            a2 = Fma.MultiplyAdd(x, y, a2);
            a3 = Fma.MultiplyAdd(x, y, a3);
            a4 = Fma.MultiplyAdd(x, y, a4);
            a5 = Fma.MultiplyAdd(x, y, a5);
            a6 = Fma.MultiplyAdd(x, y, a6);
            a7 = Fma.MultiplyAdd(x, y, a7);
            a8 = Fma.MultiplyAdd(x, y, a8);
            a9 = Fma.MultiplyAdd(x, y, a9);
            a10 = Fma.MultiplyAdd(x, y, a10);
            a11 = Fma.MultiplyAdd(x, y, a11);
        }

        return Vector256.Sum(a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static int DotProduct256(int count)
    {
        Vector256<int> a0 = default, a1 = default, a2 = default, a3 = default, a4 = default, a5 = default;
        Vector256<int> a6 = default, a7 = default, a8 = default, a9 = default, a10 = default, a11 = default;
        var (x, y) = (Vector256.Create((byte)3), Vector256.Create((sbyte)-2));
        for (var i = 0; i < count; i++)
        {
            a0 = AvxVnni.MultiplyWideningAndAdd(a0, x, y);
            a1 = AvxVnni.MultiplyWideningAndAdd(a1, x, y);
            a2 = AvxVnni.MultiplyWideningAndAdd(a2, x, y);
            a3 = AvxVnni.MultiplyWideningAndAdd(a3, x, y);
            a4 = AvxVnni.MultiplyWideningAndAdd(a4, x, y);
            a5 = AvxVnni.MultiplyWideningAndAdd(a5, x, y);
            a6 = AvxVnni.MultiplyWideningAndAdd(a6, x, y);
            a7 = AvxVnni.MultiplyWideningAndAdd(a7, x, y);
            a8 = AvxVnni.MultiplyWideningAndAdd(a8, x, y);
            a9 = AvxVnni.MultiplyWideningAndAdd(a9, x, y);
            a10 = AvxVnni.MultiplyWideningAndAdd(a10, x, y);
            a11 = AvxVnni.MultiplyWideningAndAdd(a11, x, y);
        }

        return Vector256.Sum(a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11);
    }
}
