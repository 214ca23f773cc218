using InferenceServer.Models.Engine;
using InferenceServer.Requests;

namespace InferenceServer.Streaming;

/// <summary>A stream of one choice whose format opens and closes a block for every passage.</summary>
/// <param name="callPrefix">What the ids of calls begin with.</param>
internal abstract class PassageStream(MappedRequest request, string callPrefix) : StreamFormat
{
    private readonly HeldThoughts _held = new(request.Model.Thinking.ResampleMissingAnswer);
    private readonly PassageReader _reader = new(request, callPrefix);

    /// <summary>All that is shown, in order.</summary>
    protected IReadOnlyList<Passage> Passages => _reader.Passages;

    public override void Token(SseWriter writer, int choice, GenerationEvent.Token token)
    {
        foreach (var ready in _held.Add(token)) Tell(writer, _reader.Add(ready));
    }

    public override void Restarted(SseWriter writer, int choice, GenerationEvent.Restarted restarted) => _held.Restart();

    public override void Finished(SseWriter writer, int choice, GenerationEvent.Finished finished)
    {
        foreach (var held in _held.Release()) Tell(writer, _reader.Add(held));
        Tell(writer, _reader.Finish(finished));
    }

    protected abstract void Opened(SseWriter writer, Passage passage);

    protected abstract void Added(SseWriter writer, PassageStep.Added step);

    protected abstract void Closed(SseWriter writer, Passage passage);

    private void Tell(SseWriter writer, IReadOnlyList<PassageStep> steps)
    {
        foreach (var step in steps)
        {
            switch (step)
            {
                case PassageStep.Opened:
                    Opened(writer, step.Passage);
                    break;
                case PassageStep.Added added:
                    Added(writer, added);
                    break;
                default:
                    Closed(writer, step.Passage);
                    break;
            }
        }
    }
}
