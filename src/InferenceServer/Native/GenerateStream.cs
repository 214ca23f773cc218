using InferenceServer.Errors;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.Native;

/// <summary>A generation as named events: thought, answer, restart, then usage and done, or error.</summary>
internal sealed class GenerateStream(MappedRequest request, WireFormat wire) : StreamFormat
{
    private readonly ThoughtSummarizer _summary = new();
    private GenerateDone? _done;

    public override bool TakesBack => true;

    public override void Begin(SseWriter writer) =>
        writer.Write(new GenerateStart(request.Id, request.Model.Name), wire.Of<GenerateStart>(), "start");

    public override void Token(SseWriter writer, int choice, GenerationEvent.Token token)
    {
        if (request.SummarizeThoughts) _summary.Add(token);
        if (token.Channel == TokenChannel.Thought && !request.ShowThoughts) return;
        writer.Write(GenerateWording.Token(token, request.Model), wire.Of<GenerateToken>(), GenerateWording.Channel(token.Channel));
    }

    public override void Peeked(SseWriter writer, int choice, GenerationEvent.Peeked peeked)
    {
        if (request.ShowThoughts) writer.Write(GenerateWording.Peeked(peeked, request.Model), wire.Of<GeneratePeeked>(), "peek");
    }

    public override void Restarted(SseWriter writer, int choice, GenerationEvent.Restarted restarted)
    {
        if (restarted.Channel == TokenChannel.Thought && !request.ShowThoughts) return;
        writer.Write(new GenerateRestart(GenerateWording.Channel(restarted.Channel)), wire.Of<GenerateRestart>(), "restart");
    }

    public override void Finished(SseWriter writer, int choice, GenerationEvent.Finished finished) =>
        _done = GenerateDone.Of(finished) with { ThoughtSummary = _summary.Result() };

    public override void Complete(SseWriter writer, GenerationUsage usage)
    {
        writer.Write(GenerateUsage.Of(usage), wire.Of<GenerateUsage>(), "usage");
        writer.Write(_done!, wire.Of<GenerateDone>(), "done");
    }

    public override void Fail(SseWriter writer, ErrorResponse problem) => writer.Write(new GenerateError(problem.Error), wire.Of<GenerateError>(), "error");
}
