namespace InferenceServer.Models.Engine;

/// <summary>
/// Hears of a generation on the engine's thread, when things happen and not when a client reads of them. Every member must be
/// quick, and must not throw.
/// </summary>
public interface IGenerationObserver
{
    /// <summary>It shares the steps from now on; said once, not again after a preemption.</summary>
    void Scheduled();

    /// <summary>An event was handed to the reader; a Finished or Failed is the last.</summary>
    void Happened(GenerationEvent generationEvent);
}
