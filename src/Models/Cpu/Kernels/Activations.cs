using System.Runtime.Intrinsics;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>How a product takes its activations.</summary>
internal enum ActivationForm
{
    /// <summary>As they are.</summary>
    Floats,

    /// <summary>Rounded to bf16 and held as floats, padded with zeros to blocks of 32.</summary>
    RoundedFloats,

    /// <summary>bf16, padded with zeros to blocks of 32.</summary>
    Bf16,

    /// <summary><see cref="ActivationBlocks"/>.</summary>
    Blocks,
}

/// <summary>Rows of activations in the form a product takes.</summary>
internal static unsafe class Activations
{
    /// <summary>Bytes from one row to the next: an odd number of cache lines, so that rows do not share cache sets.</summary>
    public static nint RowBytes(ActivationForm form, int inputs)
    {
        var blocks = (nint)WeightBlocks.Count(inputs);
        var bytes = form switch
        {
            ActivationForm.RoundedFloats => blocks * WeightBlocks.Inputs * sizeof(float),
            ActivationForm.Bf16 => blocks * WeightBlocks.Inputs * sizeof(ushort),
            _ => blocks * ActivationBlocks.BlockBytes,
        };
        return (((bytes + 63) / 64) | 1) * 64;
    }

    /// <summary>Writes one row, [weight.Inputs].</summary>
    public static void Write(ActivationForm form, PackedMatrix weight, float* x, byte* to)
    {
        var inputs = weight.Inputs;
        var padded = WeightBlocks.Count(inputs) * WeightBlocks.Inputs;
        switch (form)
        {
            case ActivationForm.RoundedFloats:
                Round(x, inputs, (float*)to);
                new Span<float>((float*)to + inputs, padded - inputs).Clear();
                break;
            case ActivationForm.Bf16:
                Round(x, inputs, (ushort*)to);
                new Span<ushort>((ushort*)to + inputs, padded - inputs).Clear();
                break;
            case ActivationForm.Blocks:
                ActivationBlocks.Quantise(x, inputs, weight.ZeroPoint, to);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(form), form, "Taken as they are.");
        }
    }

    private static void Round(float* x, int inputs, float* to)
    {
        var k = 0;
        for (; k <= inputs - Vector256<float>.Count; k += Vector256<float>.Count)
            (Rounded(Vector256.Load(x + k)) & Vector256.Create(0xFFFF0000u)).Store((uint*)to + k);
        for (; k < inputs; k++) to[k] = WeightBlocks.Widen(Bf16Panels.Round(x[k]));
    }

    private static void Round(float* x, int inputs, ushort* to)
    {
        var k = 0;
        for (; k <= inputs - Vector256<ushort>.Count; k += Vector256<ushort>.Count)
            Vector256.Narrow(Rounded(Vector256.Load(x + k)) >>> 16, Rounded(Vector256.Load(x + k + 8)) >>> 16).Store(to + k);
        for (; k < inputs; k++) to[k] = Bf16Panels.Round(x[k]);
    }

    // The nearest bf16 in the high half, as Bf16Panels.Round does it one by one.
    private static Vector256<uint> Rounded(Vector256<float> x)
    {
        var bits = x.AsUInt32();
        var nearest = bits + Vector256.Create(0x7FFFu) + ((bits >>> 16) & Vector256.Create(1u));
        return Vector256.ConditionalSelect(Vector256.Equals(x, x).AsUInt32(), nearest, bits | Vector256.Create(0x400000u));
    }
}
