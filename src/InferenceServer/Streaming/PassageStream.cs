using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Requests;

namespace InferenceServer.Streaming;

/// <summary>A stream of one choice whose format opens and closes a block for every stretch of one voice.</summary>
internal abstract class PassageStream(MappedRequest request) : StreamFormat
{
    private readonly HeldThoughts _held = new(request.Model.Thinking.ResampleMissingAnswer);
    private readonly List<Passage> _passages = [];
    private bool _open;

    /// <summary>All that is shown, in order.</summary>
    protected IReadOnlyList<Passage> Passages => _passages;

    public override void Token(SseWriter writer, int choice, GenerationEvent.Token token)
    {
        foreach (var ready in _held.Add(token)) Send(writer, ready);
    }

    public override void Restarted(SseWriter writer, int choice, GenerationEvent.Restarted restarted) => _held.Restart();

    public override void Finished(SseWriter writer, int choice, GenerationEvent.Finished finished)
    {
        foreach (var held in _held.Release()) Send(writer, held);
        if (Passage.LacksAnswer(finished, _passages.Exists(passage => !passage.IsThought))) Begin(writer, TokenChannel.Answer);
        End(writer, finished.Reason == FinishReason.Length);
    }

    protected abstract void Opened(SseWriter writer, Passage passage);

    protected abstract void Added(SseWriter writer, Passage passage, GenerationEvent.Token token);

    /// <param name="isCut">The token limit came before its end.</param>
    protected abstract void Closed(SseWriter writer, Passage passage, bool isCut);

    private void Send(SseWriter writer, GenerationEvent.Token token)
    {
        if (token.Channel == TokenChannel.Thought && !request.ShowThoughts) return;
        if (!_open || _passages[^1].IsThought != (token.Channel == TokenChannel.Thought)) Begin(writer, token.Channel);
        _passages[^1].Add(token);
        Added(writer, _passages[^1], token);
    }

    private void Begin(SseWriter writer, TokenChannel channel)
    {
        End(writer, isCut: false);
        _passages.Add(new Passage(channel, _passages.Count));
        _open = true;
        Opened(writer, _passages[^1]);
    }

    private void End(SseWriter writer, bool isCut)
    {
        if (_open) Closed(writer, _passages[^1], isCut);
        _open = false;
    }
}
