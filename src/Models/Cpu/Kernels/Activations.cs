using System.Runtime.Intrinsics;
using InferenceServer.Models.Cpu.Tiles;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>How a product takes its activations.</summary>
internal enum ActivationForm
{
    /// <summary>As they are.</summary>
    Floats,

    /// <summary>Rounded to bf16 and held as floats, padded with zeros to blocks of 32.</summary>
    RoundedFloats,

    /// <summary><see cref="ActivationBlocks"/>.</summary>
    Blocks,

    /// <summary>bf16, sixteen rows together: <see cref="TileActivations"/>.</summary>
    PairTiles,

    /// <summary>Bytes and scales, sixteen rows together: <see cref="TileActivations"/>.</summary>
    ByteTiles,
}

/// <summary>Rows of activations in the form a product takes.</summary>
internal static unsafe class Activations
{
    /// <summary>Rows that lie together: what is split, is split between such groups.</summary>
    public static int Rows(ActivationForm form) => form is ActivationForm.PairTiles or ActivationForm.ByteTiles ? TileCall.TileRows : 1;

    /// <summary>Bytes from one group of rows to the next.</summary>
    public static nint Bytes(ActivationForm form, int inputs) => form switch
    {
        ActivationForm.Floats => inputs * (nint)sizeof(float),
        ActivationForm.RoundedFloats => OddLines(WeightBlocks.Count(inputs) * (nint)(WeightBlocks.Inputs * sizeof(float))),
        ActivationForm.Blocks => OddLines(WeightBlocks.Count(inputs) * (nint)ActivationBlocks.BlockBytes),
        _ => TileActivations.Bytes(form, inputs),
    };

    /// <summary>Writes one row, [weight.Inputs], as row <paramref name="row"/> of a group.</summary>
    public static void Write(ActivationForm form, PackedMatrix weight, float* x, int row, byte* group)
    {
        var inputs = weight.Inputs;
        switch (form)
        {
            case ActivationForm.RoundedFloats:
                Round(x, inputs, (float*)group);
                new Span<float>((float*)group + inputs, (WeightBlocks.Count(inputs) * WeightBlocks.Inputs) - inputs).Clear();
                break;
            case ActivationForm.Blocks:
                ActivationBlocks.Quantise(x, inputs, weight.ZeroPoint, group);
                break;
            case ActivationForm.PairTiles:
                TileActivations.WritePairs(x, inputs, row, group);
                break;
            case ActivationForm.ByteTiles:
                TileActivations.WriteBytes(x, inputs, row, group);
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

    // An odd number of cache lines, so that rows do not share cache sets.
    private static nint OddLines(nint bytes) => (((bytes + 63) / 64) | 1) * 64;

    // The nearest bf16 in the high half, as Bf16Panels.Round does it one by one.
    private static Vector256<uint> Rounded(Vector256<float> x)
    {
        var bits = x.AsUInt32();
        var nearest = bits + Vector256.Create(0x7FFFu) + ((bits >>> 16) & Vector256.Create(1u));
        return Vector256.ConditionalSelect(Vector256.Equals(x, x).AsUInt32(), nearest, bits | Vector256.Create(0x400000u));
    }
}
