namespace InferenceServer.Models;

/// <summary>How far a model's weights are read and packed.</summary>
/// <param name="ReadBytes">Bytes of the checkpoint that are done.</param>
/// <param name="TotalBytes">Bytes of the layers and heads.</param>
public readonly record struct LoadProgress(long ReadBytes, long TotalBytes)
{
    /// <summary>0 to 1.</summary>
    public double Share => TotalBytes == 0 ? 1 : (double)ReadBytes / TotalBytes;
}
