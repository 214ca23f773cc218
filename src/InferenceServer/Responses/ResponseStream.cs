using InferenceServer.Errors;
using InferenceServer.Models.Engine;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.Responses;

/// <summary>An answer as OpenAI's named events: an item for each stretch of a voice, its text in deltas.</summary>
internal sealed class ResponseStream(MappedRequest request, ResponseBuilder builder, WireFormat wire) : PassageStream(request)
{
    private const int ContentIndex = 0; // every item has one part
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
        Write(writer, new OutputItemAdded(_sequence++, passage.Index, builder.Item(passage, ResponseBuilder.InProgress)));
        if (IsSummary(passage)) Write(writer, new SummaryPartAdded(_sequence++, builder.IdOf(passage), passage.Index, SummaryIndex, new SummaryPart("")));
        else Write(writer, new ContentPartAdded(_sequence++, builder.IdOf(passage), passage.Index, ContentIndex, builder.Part(passage)));
    }

    protected override void Added(SseWriter writer, Passage passage, GenerationEvent.Token token)
    {
        var id = builder.IdOf(passage);
        if (passage.IsThought)
        {
            if (token.Text.Length == 0) return;
            if (builder.Summarizes) Write(writer, new SummaryTextDelta(_sequence++, id, passage.Index, SummaryIndex, token.Text));
            else Write(writer, new ReasoningTextDelta(_sequence++, id, passage.Index, ContentIndex, token.Text));
            return;
        }

        var logprobs = builder.Logprobs([token]);
        if (token.Text.Length > 0 || logprobs.Count > 0) Write(writer, new OutputTextDelta(_sequence++, id, passage.Index, ContentIndex, token.Text, logprobs));
    }

    protected override void Closed(SseWriter writer, Passage passage, bool isCut)
    {
        var id = builder.IdOf(passage);
        if (IsSummary(passage)) Write(writer, new SummaryTextDone(_sequence++, id, passage.Index, SummaryIndex, passage.Text));
        else if (passage.IsThought) Write(writer, new ReasoningTextDone(_sequence++, id, passage.Index, ContentIndex, passage.Text));
        else Write(writer, new OutputTextDone(_sequence++, id, passage.Index, ContentIndex, passage.Text, builder.Logprobs(passage.Tokens)));
        if (IsSummary(passage)) Write(writer, new SummaryPartDone(_sequence++, id, passage.Index, SummaryIndex, new SummaryPart(passage.Text)));
        else Write(writer, new ContentPartDone(_sequence++, id, passage.Index, ContentIndex, builder.Part(passage)));
        Write(writer, new OutputItemDone(_sequence++, passage.Index, builder.Item(passage, isCut ? ResponseBuilder.Incomplete : ResponseBuilder.Completed)));
    }

    private bool IsSummary(Passage passage) => passage.IsThought && builder.Summarizes;

    private void Write<T>(SseWriter writer, T value)
        where T : ResponseEvent => writer.Write(value, wire.Of<T>(), value.Type);
}
