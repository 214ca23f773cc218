using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>
/// The head after the last layer: <c>lm_head.weight</c>, or the token embedding where they are tied. A bias is the
/// head's own in both cases.
/// </summary>
internal static class LanguageHead
{
    /// <param name="modelPrefix">What the base model's prefix ends in; the head stands beside it.</param>
    public static HeadSpec Read(
        Checkpoint checkpoint,
        WeightReader weights,
        string modelPrefix,
        NormSpec norm,
        Matrix embedding,
        bool tiedByDefault,
        bool bias = false)
    {
        const string Name = "lm_head";
        var outer = weights.Prefix.EndsWith(modelPrefix, StringComparison.Ordinal) ? weights.Prefix[..^modelPrefix.Length] : weights.Prefix;
        var beside = new WeightReader(checkpoint.Tensors, outer);
        var tied = checkpoint.Config.FindFlag("tie_word_embeddings") ?? tiedByDefault;
        var matrix = tied || !beside.Contains($"{Name}.weight")
            ? embedding
            : beside.Matrix($"{Name}.weight", embedding.Rows, embedding.Columns);
        var output = new Linear(matrix, bias ? beside.Vector($"{Name}.bias", embedding.Rows) : null);
        return new HeadSpec(Name, norm, output);
    }
}
