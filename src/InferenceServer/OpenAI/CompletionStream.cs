using InferenceServer.Errors;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.OpenAI;

/// <summary>Completions as a stream of chunks, one a token, each of one channel, then usage and [DONE].</summary>
internal sealed class CompletionStream(MappedRequest request, WireFormat wire, bool includesUsage) : StreamFormat
{
    private readonly long _created = Wording.Now();
    private readonly HeldThoughts[] _held = [.. request.Generations.Select(_ => new HeldThoughts(request.Model.Thinking.ResampleMissingAnswer))];
    private readonly ThoughtSummarizer[] _summaries = [.. request.Generations.Select(_ => new ThoughtSummarizer())];
    private readonly int[] _answerLengths = new int[request.Generations.Count];
    private readonly int[] _thoughtLengths = new int[request.Generations.Count];

    public override void Begin(SseWriter writer)
    {
    }

    public override void Token(SseWriter writer, int choice, GenerationEvent.Token token)
    {
        foreach (var ready in _held[choice].Add(token)) Send(writer, choice, ready);
    }

    public override void Restarted(SseWriter writer, int choice, GenerationEvent.Restarted restarted) => _held[choice].Restart();

    public override void Finished(SseWriter writer, int choice, GenerationEvent.Finished finished)
    {
        foreach (var held in _held[choice].Release()) Send(writer, choice, held);
        Write(writer, new CompletionChoice { Index = choice, Text = "", FinishReason = Wording.FinishReason(finished), ThoughtSummary = _summaries[choice].Result() });
    }

    public override void Complete(SseWriter writer, GenerationUsage usage)
    {
        if (includesUsage) Write(writer, [], Usage.Of(usage));
        writer.WriteDone();
    }

    public override void Fail(SseWriter writer, ErrorResponse problem) => writer.Write(problem, wire.Of<ErrorResponse>());

    private void Send(SseWriter writer, int choice, GenerationEvent.Token token)
    {
        if (request.SummarizeThoughts) _summaries[choice].Add(token);
        var isThought = token.Channel == TokenChannel.Thought;
        if (isThought && !request.ShowThoughts) return;
        var lengths = isThought ? _thoughtLengths : _answerLengths;
        var logprobs = request.ReportLogprobs && token.TokenId is not null
            ? TokenTexts.ForCompletion([token], request.Model.Tokenizer, lengths[choice])
            : null;
        lengths[choice] += token.Text.Length;
        if (token.Text.Length == 0 && logprobs is null) return;
        Write(writer, isThought
            ? new CompletionChoice { Index = choice, Text = "", ReasoningContent = token.Text, ReasoningLogprobs = logprobs }
            : new CompletionChoice { Index = choice, Text = token.Text, Logprobs = logprobs });
    }

    private void Write(SseWriter writer, CompletionChoice choice) => Write(writer, [choice], null);

    private void Write(SseWriter writer, IReadOnlyList<CompletionChoice> choices, Usage? usage) => writer.Write(
        new CompletionChunk(request.Id, "text_completion", _created, request.Model.Name, choices, usage) { ReportsUsage = includesUsage },
        wire.Of<CompletionChunk>());
}
