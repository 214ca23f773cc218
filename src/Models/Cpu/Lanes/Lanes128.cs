using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace InferenceServer.Models.Cpu.Lanes;

/// <summary>Four 128-bit registers, on any machine.</summary>
internal readonly unsafe struct Lanes128(Vector128<float> v0, Vector128<float> v1, Vector128<float> v2, Vector128<float> v3)
    : ILanes<Lanes128>
{
    private readonly Vector128<float> _v0 = v0;
    private readonly Vector128<float> _v1 = v1;
    private readonly Vector128<float> _v2 = v2;
    private readonly Vector128<float> _v3 = v3;

    public static KernelPath Path => KernelPath.Portable;

    public static bool IsSupported => true;

    public static Lanes128 Zero => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Load(float* source) => new(
        Vector128.Load(source),
        Vector128.Load(source + 4),
        Vector128.Load(source + 8),
        Vector128.Load(source + 12));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 LoadLowHalves(byte* source) => new(
        (Vector128.Load((uint*)source) << 16).AsSingle(),
        (Vector128.Load((uint*)source + 4) << 16).AsSingle(),
        (Vector128.Load((uint*)source + 8) << 16).AsSingle(),
        (Vector128.Load((uint*)source + 12) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 LoadHighHalves(byte* source) => new(
        (Vector128.Load((uint*)source) & Vector128.Create(0xFFFF0000u)).AsSingle(),
        (Vector128.Load((uint*)source + 4) & Vector128.Create(0xFFFF0000u)).AsSingle(),
        (Vector128.Load((uint*)source + 8) & Vector128.Create(0xFFFF0000u)).AsSingle(),
        (Vector128.Load((uint*)source + 12) & Vector128.Create(0xFFFF0000u)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Lanes128 value)
    {
        value._v0.Store(destination);
        value._v1.Store(destination + 4);
        value._v2.Store(destination + 8);
        value._v3.Store(destination + 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Broadcast(float value)
    {
        var lanes = Vector128.Create(value);
        return new(lanes, lanes, lanes, lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 MultiplyAdd(Lanes128 a, Lanes128 b, Lanes128 c) => new(
        Vector128.FusedMultiplyAdd(a._v0, b._v0, c._v0),
        Vector128.FusedMultiplyAdd(a._v1, b._v1, c._v1),
        Vector128.FusedMultiplyAdd(a._v2, b._v2, c._v2),
        Vector128.FusedMultiplyAdd(a._v3, b._v3, c._v3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Add(Lanes128 a, Lanes128 b) => new(a._v0 + b._v0, a._v1 + b._v1, a._v2 + b._v2, a._v3 + b._v3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Subtract(Lanes128 a, Lanes128 b) => new(a._v0 - b._v0, a._v1 - b._v1, a._v2 - b._v2, a._v3 - b._v3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Multiply(Lanes128 a, Lanes128 b) => new(a._v0 * b._v0, a._v1 * b._v1, a._v2 * b._v2, a._v3 * b._v3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Divide(Lanes128 a, Lanes128 b) => new(a._v0 / b._v0, a._v1 / b._v1, a._v2 / b._v2, a._v3 / b._v3);

    // A comparison with NaN is false, so the value is kept as it is.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 AtLeast(Lanes128 bound, Lanes128 value) => new(
        Keep(Vector128.LessThan(value._v0, bound._v0), bound._v0, value._v0),
        Keep(Vector128.LessThan(value._v1, bound._v1), bound._v1, value._v1),
        Keep(Vector128.LessThan(value._v2, bound._v2), bound._v2, value._v2),
        Keep(Vector128.LessThan(value._v3, bound._v3), bound._v3, value._v3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 AtMost(Lanes128 bound, Lanes128 value) => new(
        Keep(Vector128.GreaterThan(value._v0, bound._v0), bound._v0, value._v0),
        Keep(Vector128.GreaterThan(value._v1, bound._v1), bound._v1, value._v1),
        Keep(Vector128.GreaterThan(value._v2, bound._v2), bound._v2, value._v2),
        Keep(Vector128.GreaterThan(value._v3, bound._v3), bound._v3, value._v3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 PowerOfTwo(Lanes128 shifted) => new(
        ((shifted._v0.AsInt32() << 23) + Vector128.Create(0x3F800000)).AsSingle(),
        ((shifted._v1.AsInt32() << 23) + Vector128.Create(0x3F800000)).AsSingle(),
        ((shifted._v2.AsInt32() << 23) + Vector128.Create(0x3F800000)).AsSingle(),
        ((shifted._v3.AsInt32() << 23) + Vector128.Create(0x3F800000)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Lanes128 value)
    {
        var four = value._v0 + value._v2 + (value._v1 + value._v3);
        return four[0] + four[2] + (four[1] + four[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Keep(Vector128<float> condition, Vector128<float> bound, Vector128<float> value) =>
        Vector128.ConditionalSelect(condition, bound, value);
}
