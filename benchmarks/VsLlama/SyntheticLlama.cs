using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Benchmarks.VsLlama;

/// <summary>
/// The same random weights as a Hugging Face folder (bf16) and as GGUF files. Weights are normal with deviation
/// 1/√inputs and norms near 1, so that activations neither vanish nor grow; all are exact in bf16.
/// </summary>
internal static class SyntheticLlama
{
    public static string Gguf(string folder, GgufType type) => Path.Combine(folder, $"model-{type.ToString().ToLowerInvariant()}.gguf");

    /// <summary>Writes the folder unless it is complete; returns its path.</summary>
    public static string Ensure(string root, LlamaShape shape, IReadOnlyList<GgufType> types)
    {
        var folder = Path.Combine(root, shape.Name);
        // The configuration is written last: where it is, the rest is.
        var last = Path.Combine(folder, "config.json");
        var missing = types.Where(type => !File.Exists(Gguf(folder, type))).ToList();
        if (File.Exists(last) && missing.Count == 0) return folder;
        Console.WriteLine($"writing {folder} ...");
        Directory.CreateDirectory(folder);
        File.Delete(last);
        var writers = missing.Select(type => new GgufWriter(Gguf(folder, type), type, shape)).ToList();
        using (var weights = new SafetensorsWriter(Path.Combine(folder, "model.safetensors"), [.. shape.Tensors()]))
        {
            var index = 0;
            foreach (var tensor in shape.Tensors())
            {
                var values = Values(tensor, index++);
                GgufBlocks.Write(weights.Stream, GgufType.BF16, values);
                foreach (var writer in writers) writer.Write(tensor, values);
            }
        }

        foreach (var writer in writers) writer.Dispose();
        LlamaFiles.WriteTokenizer(folder, shape);
        LlamaFiles.WriteConfiguration(last, shape);
        return folder;
    }

    private static float[] Values(LlamaTensor tensor, int seed)
    {
        var random = new Random(seed);
        var values = new float[tensor.Count];
        var scale = 1 / Math.Sqrt(tensor.Columns);
        for (var i = 0; i < values.Length; i++)
        {
            // Four uniform numbers are near enough to a normal one, and quick to draw by the billion.
            var normal = (random.NextSingle() + random.NextSingle() + random.NextSingle() + random.NextSingle() - 2) * 1.7320508;
            values[i] = BitConverter.UInt32BitsToSingle((uint)Bf16Panels.Round((float)(tensor.IsNorm ? 1 + (0.1 * normal) : scale * normal)) << 16);
        }

        return values;
    }
}
