using InferenceServer.Models.Cpu;
using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Tests.Cpu;

/// <summary>Products of every path and format against double precision, and their independence of company.</summary>
public unsafe class ProductTests
{
    private static readonly (int Outputs, int Inputs)[] Shapes = [(1, 1), (7, 5), (32, 16), (33, 172), (172, 33), (97, 64), (257, 129)];

    public static TheoryData<KernelPath, WeightFormat> PathsAndFormats => CpuPaths.PathsAndFormats;

    [Theory]
    [MemberData(nameof(PathsAndFormats))]
    public void Products_agree_with_double_precision_for_odd_shapes(KernelPath path, WeightFormat format)
    {
        foreach (var (outputs, inputs) in Shapes)
        {
            foreach (var rows in (int[])[1, 2, 3, 5, 12, 17, 33]) Check(KernelSet.Choose(path), format, outputs, inputs, rows);
        }
    }

    [Theory]
    [MemberData(nameof(PathsAndFormats))]
    public void A_head_of_50257_outputs_is_right_to_its_last_one(KernelPath path, WeightFormat format) =>
        Check(KernelSet.Choose(path), format, 50257, 24, 2);

    [Theory]
    [MemberData(nameof(PathsAndFormats))]
    public void A_row_has_the_same_bits_alone_and_in_any_batch_on_any_path(KernelPath path, WeightFormat format)
    {
        const int Outputs = 100;
        foreach (var inputs in (int[])[20, 64, 90, 173]) // one to three blocks, and six
        {
            var weights = CpuPaths.Random(Outputs * inputs, 1);
            var x = CpuPaths.Random(33 * inputs, 2);
            using var packed = PackedMatrix.Pack(format, 1, CpuPaths.Matrix(Outputs, inputs, weights));
            var alone = new float[33][];
            for (var row = 0; row < 33; row++)
                alone[row] = Run(KernelSet.Choose(KernelPath.Portable), packed, x[(row * inputs)..((row + 1) * inputs)], 1)[0];
            for (var rows = 1; rows <= 33; rows++) Assert.Equal(alone[..rows], Run(KernelSet.Choose(path), packed, x, rows));
        }
    }

    [Fact]
    public void Rounding_to_bf16_is_to_nearest_even_and_keeps_what_is_not_a_number()
    {
        // Halfway cases of the IEEE 754 definition: 1 + 2⁻⁸ lies between 1 and 1 + 2⁻⁷, and 1 is even.
        Assert.Equal(0x3F80, Bf16Panels.Round(1 + MathF.Pow(2, -8)));
        Assert.Equal(0x3F82, Bf16Panels.Round(1 + (3 * MathF.Pow(2, -8))));
        Assert.Equal(0x3F81, Bf16Panels.Round(1 + MathF.Pow(2, -8) + MathF.Pow(2, -20)));
        Assert.Equal(0xBF80, Bf16Panels.Round(-1));
        Assert.Equal(0x7F80, Bf16Panels.Round(float.MaxValue));
        Assert.Equal(0xFF80, Bf16Panels.Round(float.NegativeInfinity));
        Assert.True(float.IsNaN(Widen(Bf16Panels.Round(BitConverter.UInt32BitsToSingle(0x7F800001)))));
    }

    [Theory]
    [InlineData(WeightFormat.Q8, 0.0095)]
    [InlineData(WeightFormat.Q4, 0.09)]
    public void Quantised_products_of_normal_numbers_are_off_by_a_known_share(WeightFormat format, double share)
    {
        const int Inputs = 512;
        var random = new Random(5);
        var (weights, x) = (Normal(random, 64 * Inputs), Normal(random, 8 * Inputs));
        using var packed = PackedMatrix.Pack(format, 1, CpuPaths.Matrix(64, Inputs, weights));
        using var exact = PackedMatrix.Pack(WeightFormat.F32, 1, CpuPaths.Matrix(64, Inputs, weights));
        var (rounded, right) = (Run(KernelSet.Choose(), packed, x, 8), Run(KernelSet.Choose(), exact, x, 8));
        var (error, size) = (0.0, 0.0);
        for (var i = 0; i < 8 * 64; i++)
        {
            error += Math.Pow(rounded[i / 64][i % 64] - right[i / 64][i % 64], 2);
            size += Math.Pow(right[i / 64][i % 64], 2);
        }

        Assert.InRange(Math.Sqrt(error / size), share / 3, share);
    }

    [Theory]
    [MemberData(nameof(PathsAndFormats))]
    public void An_activation_that_is_not_a_number_spoils_its_row_and_no_other(KernelPath path, WeightFormat format)
    {
        const int Rows = 20;
        using var packed = PackedMatrix.Pack(format, 1, CpuPaths.Matrix(40, 70, CpuPaths.Random(40 * 70, 1)));
        foreach (var spoilt in (int[])[2, 17])
        {
            var x = CpuPaths.Random(Rows * 70, 2);
            var right = Run(KernelSet.Choose(path), packed, x, Rows);
            foreach (var bad in (float[])[float.NaN, float.PositiveInfinity])
            {
                x[(spoilt * 70) + 69] = bad;
                var y = Run(KernelSet.Choose(path), packed, x, Rows);
                for (var row = 0; row < Rows; row++)
                {
                    if (row == spoilt) Assert.All(y[row][..40], value => Assert.False(float.IsFinite(value)));
                    else Assert.Equal(right[row], y[row]);
                }
            }
        }
    }

    [Fact]
    public void Parts_of_one_product_begin_at_their_offsets()
    {
        var (a, b) = (CpuPaths.Random(5 * 8, 1), CpuPaths.Random(40 * 8, 2));
        var x = CpuPaths.Random(8, 3);
        using var packed = PackedMatrix.Pack(WeightFormat.F32, 2, CpuPaths.Matrix(5, 8, a), CpuPaths.Matrix(40, 8, b));
        using var alone = PackedMatrix.Pack(WeightFormat.F32, 1, CpuPaths.Matrix(40, 8, b));
        var kernels = KernelSet.Choose();
        Assert.Equal([0, 32], packed.Offsets);
        Assert.Equal(96, packed.Outputs);
        Assert.Equal(Run(kernels, alone, x, 1)[0], Run(kernels, packed, x, 1)[0][32..]);
    }

    private static void Check(KernelSet kernels, WeightFormat format, int outputs, int inputs, int rows)
    {
        var weights = CpuPaths.Random(outputs * inputs, (outputs * 31) + inputs);
        var x = CpuPaths.Random(rows * inputs, rows);
        using var packed = PackedMatrix.Pack(format, 2, CpuPaths.Matrix(outputs, inputs, weights));
        var y = Run(kernels, packed, x, rows);
        for (var row = 0; row < rows; row++)
        {
            for (var n = 0; n < packed.Outputs; n++)
            {
                var (sum, allowed) = (0.0, 0.0);
                for (var k = 0; n < outputs && k < inputs; k++)
                {
                    var weight = weights[(n * inputs) + k];
                    var activation = (double)x[(row * inputs) + k];
                    var product = format == WeightFormat.BF16 ? Widen(Bf16Panels.Round(weight)) * (double)Widen(Bf16Panels.Round((float)activation)) : weight * activation;
                    sum += product;
                    allowed += 1e-6 * Math.Abs(product);
                    if (!packed.IsQuantised) continue;
                    // Half a step of the one times the other, and of both together.
                    var weightStep = Largest(weights, n * inputs, inputs, k) / (format == WeightFormat.Q8 ? 126 : 6.5);
                    var activationStep = Largest(x, row * inputs, inputs, k) / 127;
                    allowed += ((weightStep * Math.Abs(activation)) + (activationStep * Math.Abs(weight)) + (weightStep * activationStep)) / 2;
                }

                Assert.True(
                    Math.Abs(y[row][n] - sum) <= allowed,
                    $"{kernels.Path} {format} [{outputs}, {inputs}] × {rows}: row {row}, output {n} is {y[row][n]}, not {sum}.");
            }
        }
    }

    private static float[][] Run(KernelSet kernels, PackedMatrix packed, float[] x, int rows)
    {
        var y = new float[rows * packed.Outputs];
        using var pool = new WorkerPool(1);
        using var products = new Products(kernels, pool);
        fixed (float* from = x, to = y) products.Run(packed, null, from, packed.Inputs, to, packed.Outputs, rows);
        return y.Chunk(packed.Outputs).ToArray();
    }

    private static float[] Normal(Random random, int count)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return values;
    }

    // The largest magnitude in the block of 32 that input k stands in.
    private static double Largest(float[] values, int start, int count, int k)
    {
        var block = k / 32 * 32;
        return values.AsSpan(start + block, Math.Min(32, count - block)).ToArray().Max(Math.Abs);
    }

    private static float Widen(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);
}
