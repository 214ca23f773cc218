using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Cpu;

/// <summary>What the tests of the CPU engine share: the paths of this machine and random matrices.</summary>
internal static class CpuPaths
{
    public static IEnumerable<KernelPath> Supported => Enum.GetValues<KernelPath>().Where(KernelSet.IsSupported);

    public static TheoryData<KernelPath, WeightFormat> PathsAndFormats
    {
        get
        {
            var data = new TheoryData<KernelPath, WeightFormat>();
            foreach (var path in Supported)
            {
                foreach (var format in Enum.GetValues<WeightFormat>()) data.Add(path, format);
            }

            return data;
        }
    }

    public static MatrixTheoryData<KernelPath, KvFormat> PathsAndKv => new(Supported, [KvFormat.BF16, KvFormat.Q8]);

    public static TheoryData<KernelPath> Paths => [.. Supported];

    public static float[] Random(int count, int seed)
    {
        var random = new Random(seed);
        var values = new float[count];
        for (var i = 0; i < count; i++) values[i] = (random.NextSingle() - 0.5f) * 2;
        return values;
    }

    public static Matrix Matrix(int outputs, int inputs, float[] values) =>
        Models.Decoding.Matrix.Of(Tensor.FromArray("test", [outputs, inputs], values));
}
