using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>The head after the last layer: <c>lm_head.weight</c>, or the token embedding where they are tied.</summary>
internal static class LanguageHead
{
    /// <param name="modelPrefix">What the base model's prefix ends in; the head stands beside it.</param>
    public static HeadSpec Read(
        Checkpoint checkpoint, WeightReader weights, string modelPrefix, NormSpec norm, Matrix embedding, bool tiedByDefault)
    {
        const string Name = "lm_head";
        var outer = weights.Prefix.EndsWith(modelPrefix, StringComparison.Ordinal) ? weights.Prefix[..^modelPrefix.Length] : weights.Prefix;
        var beside = new WeightReader(checkpoint.Tensors, outer);
        var tied = checkpoint.Config.FindFlag("tie_word_embeddings") ?? tiedByDefault;
        var output = tied || !beside.Contains($"{Name}.weight")
            ? new Linear(embedding)
            : beside.Linear(Name, embedding.Rows, embedding.Columns, bias: false);
        return new HeadSpec(Name, norm, output);
    }
}
