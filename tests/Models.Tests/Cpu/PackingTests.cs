using System.Runtime.Intrinsics;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Cpu;

/// <summary>
/// The bytes of a packed matrix, whatever type and layout the file has, against each format's definition written out
/// weight by weight.
/// </summary>
public unsafe class PackingTests
{
    private static readonly (int Outputs, int Inputs)[] Shapes = [(32, 32), (96, 160), (1, 1), (7, 5), (33, 31), (64, 97), (45, 64)];

    public static TheoryData<WeightFormat, DType, bool> Cases
    {
        get
        {
            var data = new TheoryData<WeightFormat, DType, bool>();
            foreach (var format in Enum.GetValues<WeightFormat>())
            {
                foreach (var dtype in Enum.GetValues<DType>())
                {
                    data.Add(format, dtype, false);
                    data.Add(format, dtype, true);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_weight_is_stored_as_its_format_defines(WeightFormat format, DType dtype, bool transposed)
    {
        foreach (var (outputs, inputs) in Shapes)
        {
            // A slice of a larger tensor, so that rows begin anywhere in it.
            var (before, after) = (3, 2);
            var stored = new StoredTensor(dtype, transposed ? [inputs, before + outputs + after] : [before + outputs + after, inputs], (outputs * 100) + inputs);
            var matrix = new Matrix(stored, outputs, inputs, before, transposed);
            using var packed = PackedMatrix.Pack(format, 2, matrix);
            for (var n = 0; n < packed.Outputs; n++)
            {
                for (var block = 0; block < inputs; block += 32)
                {
                    var weights = new float[32];
                    for (var k = block; n < outputs && k < Math.Min(inputs, block + 32); k++)
                        weights[k - block] = stored.Value(transposed ? (k * (before + outputs + after)) + before + n : ((before + n) * inputs) + k);
                    Check(format, packed.Strip(n / 32), n % 32, block, Math.Min(32, inputs - block), weights);
                }
            }
        }
    }

    [Fact]
    public void A_weight_that_is_not_a_number_spoils_its_int8_block_and_no_other()
    {
        var weights = CpuPaths.Random(64 * 64, 3);
        weights[(5 * 64) + 40] = float.NaN;
        using var packed = PackedMatrix.Pack(WeightFormat.Q8, 1, CpuPaths.Matrix(64, 64, weights));
        for (var n = 0; n < 64; n++)
        {
            for (var block = 0; block < 2; block++)
                Assert.Equal(n == 5 && block == 1, float.IsNaN(Scale(packed.Strip(n / 32) + (block * 1088) + 1024, n % 32)));
        }
    }

    [Fact]
    public void Halves_are_widened_as_their_definition_says()
    {
        var bytes = new byte[2 << 16];
        for (var i = 0; i < 1 << 16; i++) BitConverter.TryWriteBytes(bytes.AsSpan(2 * i), (ushort)i);
        // Whole registers, and what is left after them, at odd addresses.
        foreach (var count in (int[])[1 << 16, 21, 3])
        {
            var floats = new float[count];
            byte[] odd = [0, .. bytes.AsSpan(0, 2 * count)];
            Widening.ToFloats(DType.F16, odd.AsSpan(1), floats);
            for (var i = 0; i < count; i++)
            {
                var expected = (float)BitConverter.UInt16BitsToHalf((ushort)i);
                if (float.IsNaN(expected)) Assert.True(float.IsNaN(floats[i]));
                else Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(floats[i]));
            }
        }
    }

    private static void Check(WeightFormat format, byte* strip, int output, int first, int inputs, float[] weights)
    {
        switch (format)
        {
            case WeightFormat.F32:
                for (var k = 0; k < inputs; k++) Assert.Equal(weights[k], ((float*)strip)[((first + k) * 32) + output]);
                break;
            case WeightFormat.BF16:
                for (var k = 0; k < 32; k++)
                {
                    var at = (first / 32 * 1024) + (output / 16 * 512) + (k / 2 * 32) + (2 * (output % 16)) + (k % 2);
                    Assert.Equal(Bf16Panels.Round(weights[k]), ((ushort*)strip)[at]);
                }

                break;
            case WeightFormat.Q8:
                var bytes = strip + (first / 32 * 1088);
                var largest = weights.Max(Math.Abs);
                var scale = BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(largest / 127) + 0xFFFF) & 0xFFFF0000);
                Assert.Equal(scale, Scale(bytes + 1024, output));
                var inverse = scale == 0 ? 0 : 1 / scale;
                for (var k = 0; k < 32; k++)
                    Assert.Equal(Math.Clamp((int)MathF.Round(weights[k] * inverse), -127, 127) + 128, bytes[(k / 4 * 128) + (4 * output) + (k % 4)]);
                break;
            default:
                var halfBytes = strip + (first / 32 * 576);
                scale = BestScale(weights);
                Assert.Equal(scale, Scale(halfBytes + 512, output));
                inverse = scale == 0 ? 0 : 1 / scale;
                for (var k = 0; k < 32; k++)
                {
                    var both = halfBytes[(k % 16 / 4 * 128) + (4 * output) + (k % 4)];
                    Assert.Equal(Math.Clamp((int)MathF.Round(weights[k] * inverse), -8, 7) + 8, k < 16 ? both & 15 : both >> 4);
                }

                break;
        }
    }

    private static float BestScale(float[] weights)
    {
        var largest = weights.MaxBy(Math.Abs);
        var (best, smallest) = (0f, float.PositiveInfinity);
        foreach (var end in (float[])[-8, -8.5f, -7.5f, -7, -9, -6.5f, -9.5f])
        {
            var scale = BitConverter.UInt32BitsToSingle((uint)Bf16Panels.Round(largest / end) << 16);
            var inverse = scale == 0 ? 0 : 1 / scale;
            var totals = new float[8];
            for (var k = 0; k < 32; k++)
            {
                var difference = weights[k] - (Math.Clamp(MathF.Round(weights[k] * inverse), -8, 7) * scale);
                totals[k % 8] += difference * difference;
            }

            var error = Vector256.Sum(Vector256.Create(totals));
            if (error < smallest) (best, smallest) = (scale, error);
        }

        return best;
    }

    private static float Scale(byte* scales, int output) =>
        BitConverter.UInt32BitsToSingle((uint)((ushort*)scales)[(2 * (output % 16)) + (output / 16)] << 16);

    /// <summary>Random numbers of very different sizes, some of them zero, some blocks all zero, at an odd address.</summary>
    private sealed class StoredTensor : Tensor
    {
        private readonly byte[] _bytes;

        public StoredTensor(DType dtype, IReadOnlyList<int> shape, int seed)
            : base("stored", dtype, shape)
        {
            var random = new Random(seed);
            _bytes = new byte[1 + (Count * ElementSize)];
            for (var i = 0; i < Count; i++)
            {
                var size = MathF.Pow(2, random.Next(-24, 3));
                var value = random.Next(8) == 0 || i / 64 % 5 == 4 ? 0 : ((2 * random.NextSingle()) - 1) * size;
                var at = _bytes.AsSpan(1 + (i * ElementSize));
                _ = dtype switch
                {
                    DType.F32 => BitConverter.TryWriteBytes(at, value),
                    DType.BF16 => BitConverter.TryWriteBytes(at, Bf16Panels.Round(value)),
                    _ => BitConverter.TryWriteBytes(at, (Half)value),
                };
            }
        }

        public override ReadOnlySpan<byte> Bytes(long start, int count) => _bytes.AsSpan(1 + ((int)start * ElementSize), count * ElementSize);

        public float Value(int index)
        {
            var at = _bytes.AsSpan(1 + (index * ElementSize));
            return DType switch
            {
                DType.F32 => BitConverter.ToSingle(at),
                DType.BF16 => BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(at) << 16),
                _ => (float)BitConverter.ToHalf(at),
            };
        }
    }
}
