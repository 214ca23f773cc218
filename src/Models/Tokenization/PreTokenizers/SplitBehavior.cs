namespace InferenceServer.Models.Tokenization.PreTokenizers;

/// <summary>What happens to the matches ("delimiters") of a split.</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}
