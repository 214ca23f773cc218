using System.Text.Json;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>
/// What a recipe's own PyTorch generation says on held-out prompts, greedy and in f32: <c>Golden/NAME.jsonl</c> belongs to
/// <c>checkpoints/NAME</c>. The format is in <c>Golden/README.md</c>.
/// </summary>
internal static class GoldenFile
{
    /// <summary>Names of all files.</summary>
    public static TheoryData<string> Names =>
        [.. Directory.EnumerateFiles(Golden.Root(), "*.jsonl").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    public static string Checkpoint(string name) => Path.GetFullPath($"../../../checkpoints/{name}", Golden.Root());

    public static List<JsonElement> Lines(string name) =>
        [.. File.ReadLines(Path.Combine(Golden.Root(), $"{name}.jsonl")).Where(line => line.Length > 0).Select(line => JsonElement.Parse(line))];

    public static int[] Ids(JsonElement line, string name) =>
        line.TryGetProperty(name, out var ids) ? [.. ids.EnumerateArray().Select(id => id.GetInt32())] : [];

    public static double[]? Numbers(JsonElement line, string name) =>
        line.TryGetProperty(name, out var values) ? [.. values.EnumerateArray().Select(value => value.GetDouble())] : null;

    public static string? Text(JsonElement line, string name) => line.TryGetProperty(name, out var text) ? text.GetString() : null;
}
