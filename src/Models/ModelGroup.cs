using InferenceServer.Models.Engine;

namespace InferenceServer.Models;

/// <summary>Models that share one engine and one set of weights; they end together.</summary>
public sealed class ModelGroup(InferenceEngine engine, IReadOnlyList<IDisposable> files) : IDisposable
{
    public InferenceEngine Engine { get; } = engine;

    /// <summary>In the order they were configured.</summary>
    public IReadOnlyList<ServedModel> Models { get; internal set; } = [];

    public void Dispose()
    {
        Engine.Dispose();
        foreach (var file in files) file.Dispose();
    }
}
