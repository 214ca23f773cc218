using System.Text.Json;
using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Benchmarks.Synthetic;

/// <summary>A random Llama as a folder in Hugging Face layout: bf16 safetensors in shards, configuration, tokenizer.</summary>
internal static class SyntheticFolder
{
    /// <summary>Writes the folder unless it is complete.</summary>
    /// <param name="thinkingLayer">Makes it a TaS checkpoint with a thinking head of its own; null = none.</param>
    /// <param name="shardBytes">A shard is closed once it holds so many.</param>
    /// <param name="progress">Bytes written so far.</param>
    public static void Ensure(string folder, LlamaShape shape, int? thinkingLayer, long shardBytes, IProgress<long>? progress = null)
    {
        // The configuration is written last: where it is, the rest is.
        var last = Path.Combine(folder, "config.json");
        if (File.Exists(last)) return;
        Directory.CreateDirectory(folder);
        var tensors = shape.Tensors().ToList();
        if (thinkingLayer is not null)
        {
            tensors.Add(new LlamaTensor(TasTensors.Head, "", shape.Vocabulary, shape.Hidden));
            tensors.Add(new LlamaTensor(TasTensors.Norm, "", 1, shape.Hidden));
        }

        var shards = Shards(tensors, shardBytes);
        var (written, seed) = (0L, 0);
        for (var shard = 0; shard < shards.Count; shard++)
        {
            using var file = new SafetensorsWriter(Path.Combine(folder, Name(shard, shards.Count)), shards[shard]);
            foreach (var tensor in shards[shard])
            {
                file.Write(tensor, seed++);
                progress?.Report(written += 2L * tensor.Count);
            }
        }

        if (shards.Count > 1)
        {
            var map = shards.SelectMany((shard, i) => shard.Select(tensor => (tensor.Name, File: Name(i, shards.Count)))).ToDictionary(pair => pair.Name, pair => pair.File);
            File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), JsonSerializer.Serialize(new { metadata = new { total_size = written }, weight_map = map }));
        }

        LlamaFiles.WriteTokenizer(folder, shape);
        LlamaFiles.WriteConfiguration(last, shape, thinkingLayer);
    }

    private static List<List<LlamaTensor>> Shards(IReadOnlyList<LlamaTensor> tensors, long shardBytes)
    {
        var shards = new List<List<LlamaTensor>>();
        var room = 0L;
        foreach (var tensor in tensors)
        {
            if (room <= 0)
            {
                shards.Add([]);
                room = shardBytes;
            }

            shards[^1].Add(tensor);
            room -= 2L * tensor.Count;
        }

        return shards;
    }

    private static string Name(int shard, int shards) => shards == 1 ? "model.safetensors" : $"model-{shard + 1:D5}-of-{shards:D5}.safetensors";
}
