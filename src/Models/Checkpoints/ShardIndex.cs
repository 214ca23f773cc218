namespace InferenceServer.Models.Checkpoints;

/// <summary>
/// <c>model.safetensors.index.json</c>: which shard holds which tensor. Shards are named without any folder.
/// </summary>
internal static class ShardIndex
{
    public const string FileName = "model.safetensors.index.json";

    /// <summary>Tensor name to shard file name.</summary>
    public static IReadOnlyDictionary<string, string> Read(CheckpointFolder folder)
    {
        var index = ConfigSection.Load(folder, FileName);
        var map = index.FindSection("weight_map")
            ?? throw Error(folder, "The index needs an object 'weight_map'.", null);
        var shards = new Dictionary<string, string>();
        foreach (var tensor in map.Keys)
        {
            var shard = map.RequireText(tensor);
            if (shard.AsSpan().IndexOfAny(['/', '\\', ':', '\0']) >= 0 || shard is "." or "..")
            {
                throw new CheckpointException(
                    CheckpointErrorKind.OutsideFolder,
                    folder.Describe(FileName),
                    "A shard must lie in the folder of the index.",
                    $"tensor '{tensor}'",
                    "a plain file name",
                    $"'{shard}'");
            }

            if (!shard.EndsWith(".safetensors", StringComparison.Ordinal))
                throw Error(folder, "A shard must be a safetensors file.", tensor, $"'{shard}'");
            shards[tensor] = shard;
        }

        return shards.Count > 0 ? shards : throw Error(folder, "The index names no tensors.", null);
    }

    private static CheckpointException Error(CheckpointFolder folder, string problem, string? tensor, string? found = null) =>
        new(CheckpointErrorKind.IndexInvalid, folder.Describe(FileName), problem, tensor is null ? null : $"tensor '{tensor}'", found: found);
}
