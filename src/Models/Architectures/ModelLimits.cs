namespace InferenceServer.Models.Architectures;

/// <summary>
/// Bounds on what a configuration may claim, checked before anything is allocated. Far above every published model.
/// </summary>
internal static class ModelLimits
{
    public const int Layers = 1024;
    public const int Hidden = 1 << 17;
    public const int Heads = 1024;
    public const int HeadDim = 4096;
    public const int Feed = 1 << 20;
    public const int Vocabulary = 1 << 24;
    public const int Positions = 1 << 27;
}
