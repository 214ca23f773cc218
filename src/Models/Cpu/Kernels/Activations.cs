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
    /// <summary>Bytes from one row to the next: whole cache lines, and never a power of two.</summary>
    public static nint RowBytes(ActivationForm form, int inputs)
    {
        var blocks = (nint)WeightBlocks.Count(inputs);
        var bytes = form switch
        {
            ActivationForm.RoundedFloats => blocks * WeightBlocks.Inputs * sizeof(float),
            ActivationForm.Bf16 => blocks * WeightBlocks.Inputs * sizeof(ushort),
            _ => blocks * ActivationBlocks.BlockBytes,
        };
        return ((bytes + 63) / 64 * 64) + 64;
    }

    /// <summary>Writes one row, [weight.Inputs].</summary>
    public static void Write(ActivationForm form, PackedMatrix weight, float* x, byte* to)
    {
        var inputs = weight.Inputs;
        var padded = WeightBlocks.Count(inputs) * WeightBlocks.Inputs;
        switch (form)
        {
            case ActivationForm.RoundedFloats:
                for (var k = 0; k < inputs; k++) ((float*)to)[k] = WeightBlocks.Widen(Bf16Panels.Round(x[k]));
                new Span<float>((float*)to + inputs, padded - inputs).Clear();
                break;
            case ActivationForm.Bf16:
                for (var k = 0; k < inputs; k++) ((ushort*)to)[k] = Bf16Panels.Round(x[k]);
                new Span<ushort>((ushort*)to + inputs, padded - inputs).Clear();
                break;
            case ActivationForm.Blocks:
                ActivationBlocks.Quantise(x, inputs, weight.ZeroPoint, to);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(form), form, "Taken as they are.");
        }
    }
}
