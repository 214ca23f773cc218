using System.Threading.Channels;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Engine;

/// <summary>A client's hold on a submitted request: its events, and commands to it while it runs.</summary>
public sealed class Generation
{
    private readonly Channel<GenerationEvent> _events = Channel.CreateUnbounded<GenerationEvent>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private readonly InferenceEngine _engine;
    private readonly IGenerationObserver? _observer;
    private volatile bool _cancelled;

    internal Generation(InferenceEngine engine, GenerationRequest request, EngineModel model, IGenerationObserver? observer)
    {
        _engine = engine;
        _observer = observer;
        Request = request;
        Model = model;
    }

    public GenerationRequest Request { get; }

    /// <summary>Ends with one Finished or Failed. Bounded by the request's token limits, so a slow reader costs little.</summary>
    public ChannelReader<GenerationEvent> Events => _events.Reader;

    internal EngineModel Model { get; }

    internal bool IsCancelled => _cancelled;

    /// <summary>Frees the sequence's work before the next step. Safe to call at any time, more than once.</summary>
    public void Cancel()
    {
        _cancelled = true;
        _engine.Wake();
    }

    /// <summary>Applies a command between two steps; false when the generation is over or the method has no use for it.</summary>
    public Task<bool> SendAsync(ProgramCommand command) => _engine.SendAsync(this, command);

    internal void Scheduled() => _observer?.Scheduled();

    internal void Publish(GenerationEvent generationEvent)
    {
        // First: whoever reads an event finds it measured.
        _observer?.Happened(generationEvent);
        _events.Writer.TryWrite(generationEvent);
    }

    internal void Complete() => _events.Writer.TryComplete();
}
