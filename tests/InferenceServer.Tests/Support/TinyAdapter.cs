using System.Text.Json.Nodes;

namespace InferenceServer.Tests.Support;

/// <summary>Writes random adapters on a <see cref="TinyCheckpoint"/>, in PEFT's layout: a LoRA, or Bitune's pair.</summary>
internal static class TinyAdapter
{
    private const int Rank = 2;

    public static string Write(string directory, string basis, int seed, bool bitune = false)
    {
        var random = new Random(seed);
        WriteOne(directory, basis, random, bitune);
        if (bitune) WriteOne(Path.Combine(directory, "prefill"), basis, random, bitune);
        return directory;
    }

    private static void WriteOne(string directory, string basis, Random random, bool bitune)
    {
        Directory.CreateDirectory(directory);
        var tensors = new SortedDictionary<string, (int[] Shape, float[] Data)>(StringComparer.Ordinal);
        for (var layer = 0; layer < TinyCheckpoint.Layers; layer++)
        {
            foreach (var module in (string[])["q_proj", "o_proj"])
            {
                var name = $"base_model.model.model.layers.{layer}.self_attn.{module}.lora_";
                tensors[$"{name}A.weight"] = ([Rank, TinyCheckpoint.Hidden], Values(Rank * TinyCheckpoint.Hidden));
                tensors[$"{name}B.weight"] = ([TinyCheckpoint.Hidden, Rank], Values(Rank * TinyCheckpoint.Hidden));
            }
        }

        foreach (var scale in bitune ? (string[])["pass_scale_k", "pass_scale_v"] : [])
            tensors[$"base_model.model.{scale}.weight"] = ([TinyCheckpoint.Layers], [0.01f, 0.02f, 0.03f, 0]);
        File.WriteAllBytes(Path.Combine(directory, "adapter_model.safetensors"), TinyCheckpoint.Safetensors(tensors));
        var config = new JsonObject
        {
            ["peft_type"] = "LORA",
            ["base_model_name_or_path"] = basis,
            ["r"] = Rank,
            ["lora_alpha"] = 2 * Rank,
            ["target_modules"] = new JsonArray("q_proj", "o_proj"),
            ["modules_to_save"] = bitune ? new JsonArray("pass_scale_k", "pass_scale_v") : null,
        };
        File.WriteAllText(Path.Combine(directory, "adapter_config.json"), config.ToJsonString());

        float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }
}
