using InferenceServer.Models.Cpu;
using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Cpu;

/// <summary>Norms, activations and the softmax against double precision, and path against path bit for bit.</summary>
public unsafe class RowKernelTests
{
    private static readonly int[] Lengths = [1, 7, 8, 16, 31, 64, 172, 768];

    public static TheoryData<KernelPath> Paths => CpuPaths.Paths;

    [Theory]
    [MemberData(nameof(Paths))]
    public void Norms_agree_with_double_precision(KernelPath path)
    {
        var kernels = KernelSet.Choose(path);
        foreach (var length in Lengths)
        {
            var (x, weight, bias) = (CpuPaths.Random(length, 1), CpuPaths.Random(length, 2), CpuPaths.Random(length, 3));
            var (rms, layer) = (new float[length], new float[length]);
            fixed (float* px = x, pw = weight, pb = bias, pr = rms, pl = layer)
            {
                kernels.RmsNorm(px, pw, pr, length, 1e-5f);
                kernels.LayerNorm(px, pw, pb, pl, length, 1e-5f);
            }

            var mean = x.Average(value => (double)value);
            var rmsScale = 1 / Math.Sqrt(x.Average(value => (double)value * value) + 1e-5);
            var layerScale = 1 / Math.Sqrt(x.Average(value => (value - mean) * (value - mean)) + 1e-5);
            for (var i = 0; i < length; i++)
            {
                Assert.Equal(x[i] * rmsScale * weight[i], rms[i], 5e-6);
                Assert.Equal(((x[i] - mean) * layerScale * weight[i]) + bias[i], layer[i], length == 1 ? 1e-3 : 1e-5);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Activations_agree_with_double_precision(KernelPath path)
    {
        var kernels = KernelSet.Choose(path);
        float[] x = [.. Enumerable.Range(-1200, 2401).Select(i => i / 100f), -40, 40, -1e6f, 1e6f, 0, -0f];
        foreach (var activation in Enum.GetValues<Activation>())
        {
            var y = (float[])x.Clone();
            fixed (float* py = y) kernels.Activate(activation, py, null, y.Length);
            for (var i = 0; i < x.Length; i++)
            {
                var expected = Exact(activation, x[i]);
                Assert.True(
                    Math.Abs(expected - y[i]) <= 1e-6 * Math.Max(1, Math.Abs(expected)),
                    $"{activation}({x[i]}) is {expected}, not {y[i]}.");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Not_a_number_stays_one_wherever_it_stands(KernelPath path)
    {
        var kernels = KernelSet.Choose(path);
        for (var at = 0; at < 40; at++)
        {
            foreach (var activation in Enum.GetValues<Activation>())
            {
                var x = CpuPaths.Random(40, 1);
                x[at] = float.NaN;
                fixed (float* px = x) kernels.Activate(activation, px, null, x.Length);
                Assert.Equal([at], Enumerable.Range(0, 40).Where(i => float.IsNaN(x[i])));
            }

            var scores = CpuPaths.Random(64, 2);
            scores[at] = float.NaN;
            fixed (float* ps = scores) Assert.True(float.IsNaN(kernels.Exponentials(ps, 40)));
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Exponentials_of_scores_agree_with_double_precision(KernelPath path)
    {
        var kernels = KernelSet.Choose(path);
        foreach (var length in Lengths)
        {
            var scores = CpuPaths.Random(length + 16, 4).Select(value => value * 20).ToArray();
            var original = (float[])scores.Clone();
            float sum;
            fixed (float* ps = scores) sum = kernels.Exponentials(ps, length);
            var max = original[..length].Max();
            var expected = original[..length].Select(value => Math.Exp((double)value - max)).ToArray();
            Assert.Equal(1, sum / expected.Sum(), 1e-6);
            for (var i = 0; i < length; i++) Assert.Equal(1, scores[i] / expected[i], 3e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Every_path_yields_the_bits_of_the_portable_one(KernelPath path)
    {
        foreach (var length in Lengths)
        {
            Assert.Equal(Everything(KernelSet.Choose(KernelPath.Portable), length), Everything(KernelSet.Choose(path), length));
        }
    }

    private static float[] Everything(KernelSet kernels, int length)
    {
        var results = new List<float>();
        var (weight, bias) = (CpuPaths.Random(length, 2), CpuPaths.Random(length, 3));
        var x = CpuPaths.Random(length + 16, 1).Select(value => value * 9).ToArray();
        fixed (float* px = x, pw = weight, pb = bias)
        {
            var half = length / 2;
            kernels.Rotate(px, pw, pb, half);
            results.AddRange(x[..length]);
            kernels.RmsNorm(px, pw, px, length, 1e-5f);
            results.AddRange(x[..length]);
            kernels.LayerNorm(px, pw, pb, px, length, 1e-5f);
            results.AddRange(x[..length]);
            kernels.AddScaled(px, pb, 0.3f, length);
            foreach (var activation in Enum.GetValues<Activation>())
            {
                kernels.Activate(activation, px, pw, length);
                results.AddRange(x[..length]);
            }

            results.Add(kernels.Exponentials(px, length));
            results.AddRange(x[..length]);
        }

        return [.. results];
    }

    private static double Exact(Activation activation, double x) => activation switch
    {
        Activation.Silu => x / (1 + Math.Exp(-x)),
        Activation.GeluTanh => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        Activation.Gelu => x * NormalMass(x),
        _ => Math.Max(0, x),
    };

    /// <summary>Φ(x): ½ plus Simpson's rule on the density.</summary>
    private static double NormalMass(double x)
    {
        if (Math.Abs(x) > 12) return x > 0 ? 1 : 0;
        const int Steps = 4000;
        var (sum, h) = (0.0, x / Steps);
        for (var i = 0; i <= Steps; i++)
            sum += (i is 0 or Steps ? 1 : i % 2 == 1 ? 4 : 2) * Math.Exp(-0.5 * (i * h) * (i * h));
        return 0.5 + (sum * h / 3 / Math.Sqrt(2 * Math.PI));
    }
}
