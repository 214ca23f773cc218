using InferenceServer.Errors;
using InferenceServer.Models.Engine;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.Anthropic;

/// <summary>A message as Anthropic's named events: a block for each stretch of a voice.</summary>
internal sealed class MessageStream(MappedRequest request, MessageBuilder builder, WireFormat wire) : PassageStream(request, MessageBuilder.CallPrefix)
{
    private GenerationEvent.Finished? _finished;

    public override void Begin(SseWriter writer)
    {
        Write(writer, new MessageStart(builder.Begun));
        KeepAlive(writer);
    }

    public override void KeepAlive(SseWriter writer) => Write(writer, new MessagePing());

    public override void Finished(SseWriter writer, int choice, GenerationEvent.Finished finished)
    {
        base.Finished(writer, choice, finished);
        _finished = finished;
    }

    public override void Complete(SseWriter writer, GenerationUsage usage)
    {
        Write(writer, new MessageDelta(builder.End(_finished!), MessageUsage.Of(usage)));
        Write(writer, new MessageStop());
    }

    public override void Fail(SseWriter writer, ErrorResponse problem)
    {
        var status = problem.Error.Code == "draining" ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status500InternalServerError;
        var error = MessageErrorResponse.Of(status, problem.Error);
        writer.Write(error, wire.Of<MessageErrorResponse>(), error.Type);
    }

    protected override void Opened(SseWriter writer, Passage passage) =>
        Write(writer, new ContentBlockStart(passage.Index, passage.Kind == PassageKind.Thought ? new ThinkingBlock("", "") : new TextBlock("")));

    protected override void Added(SseWriter writer, PassageStep.Added step)
    {
        if (step.Text.Length == 0) return;
        Write(writer, new ContentBlockDelta(step.Passage.Index, step.Passage.Kind == PassageKind.Thought ? new ThinkingDelta(step.Text) : new TextDelta(step.Text)));
    }

    protected override void Closed(SseWriter writer, Passage passage)
    {
        if (passage.Kind == PassageKind.Thought) Write(writer, new ContentBlockDelta(passage.Index, new SignatureDelta(MessageBuilder.Signature(passage.Text))));
        Write(writer, new ContentBlockStop(passage.Index));
    }

    private void Write<T>(SseWriter writer, T value)
        where T : MessageEvent => writer.Write(value, wire.Of<T>(), value.Type);
}
