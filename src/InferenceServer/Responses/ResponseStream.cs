using InferenceServer.Errors;
using InferenceServer.Models.Engine;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.Responses;

/// <summary>An answer as OpenAI's named events: an item for each passage, its text in deltas.</summary>
internal sealed class ResponseStream(MappedRequest request, ResponseBuilder builder, WireFormat wire) : PassageStream(request, ResponseBuilder.CallPrefix)
{
    private const int ContentIndex = 0; // every item that has parts has one
    private const int SummaryIndex = 0;

    private int _sequence;
    private GenerationEvent.Finished? _finished;

    public override void Begin(SseWriter writer)
    {
        Write(writer, new ResponseCreated(_sequence++, builder.Begun));
        Write(writer, new ResponseInProgress(_sequence++, builder.Begun));
    }

    public override void Finished(SseWriter writer, int choice, GenerationEvent.Finished finished)
    {
        base.Finished(writer, choice, finished);
        _finished = finished;
    }

    public override void Complete(SseWriter writer, GenerationUsage usage)
    {
        var response = builder.Ended(Passages, _finished!, usage);
        if (response.Status == ResponseBuilder.Completed) Write(writer, new ResponseCompleted(_sequence++, response));
        else Write(writer, new ResponseIncomplete(_sequence++, response));
    }

    public override void Fail(SseWriter writer, ErrorResponse problem) => Write(writer, new ResponseFailed(_sequence++, builder.Failed(problem.Error.Message)));

    protected override void Opened(SseWriter writer, Passage passage)
    {
        Write(writer, new OutputItemAdded(_sequence++, passage.Index, builder.Empty(passage)));
        if (IsSummary(passage)) Write(writer, new SummaryPartAdded(_sequence++, builder.IdOf(passage), passage.Index, SummaryIndex, new SummaryPart("")));
        else if (passage.Kind != PassageKind.Call) Write(writer, new ContentPartAdded(_sequence++, builder.IdOf(passage), passage.Index, ContentIndex, ResponseBuilder.EmptyPart(passage)));
    }

    protected override void Added(SseWriter writer, PassageStep.Added step)
    {
        var (passage, id) = (step.Passage, builder.IdOf(step.Passage));
        var logprobs = passage.Kind == PassageKind.Text ? builder.Logprobs(step.Tokens) : [];
        if (step.Text.Length == 0 && logprobs.Count == 0) return;
        if (IsSummary(passage)) Write(writer, new SummaryTextDelta(_sequence++, id, passage.Index, SummaryIndex, step.Text));
        else if (passage.Kind == PassageKind.Thought) Write(writer, new ReasoningTextDelta(_sequence++, id, passage.Index, ContentIndex, step.Text));
        else if (passage.Kind == PassageKind.Call) Write(writer, new FunctionCallArgumentsDelta(_sequence++, id, passage.Index, step.Text));
        else Write(writer, new OutputTextDelta(_sequence++, id, passage.Index, ContentIndex, step.Text, logprobs));
    }

    protected override void Closed(SseWriter writer, Passage passage)
    {
        var id = builder.IdOf(passage);
        if (passage.Kind == PassageKind.Call)
        {
            Write(writer, new FunctionCallArgumentsDone(_sequence++, id, passage.Index, passage.Name, passage.Text));
        }
        else if (IsSummary(passage))
        {
            Write(writer, new SummaryTextDone(_sequence++, id, passage.Index, SummaryIndex, passage.Text));
            Write(writer, new SummaryPartDone(_sequence++, id, passage.Index, SummaryIndex, new SummaryPart(passage.Text)));
        }
        else
        {
            if (passage.Kind == PassageKind.Thought) Write(writer, new ReasoningTextDone(_sequence++, id, passage.Index, ContentIndex, passage.Text));
            else Write(writer, new OutputTextDone(_sequence++, id, passage.Index, ContentIndex, passage.Text, builder.Logprobs(passage.Tokens)));
            Write(writer, new ContentPartDone(_sequence++, id, passage.Index, ContentIndex, builder.Part(passage)));
        }

        Write(writer, new OutputItemDone(_sequence++, passage.Index, builder.Item(passage)));
    }

    private bool IsSummary(Passage passage) => passage.Kind == PassageKind.Thought && builder.Summarizes;

    private void Write<T>(SseWriter writer, T value)
        where T : ResponseEvent => writer.Write(value, wire.Of<T>(), value.Type);
}
