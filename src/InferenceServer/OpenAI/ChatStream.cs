using InferenceServer.Errors;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.OpenAI;

/// <summary>A chat answer as a stream of chunks: roles, then one delta a token, each of one channel, then usage and [DONE].</summary>
internal sealed class ChatStream(MappedRequest request, WireFormat wire, UsageReports reports) : StreamFormat
{
    private readonly RunningUsage _usage = new(request.PromptTokens, request.Generations.Count);
    private readonly long _created = Wording.Now();
    private readonly HeldThoughts[] _held = [.. request.Generations.Select(_ => new HeldThoughts(request.Model.Thinking.ResampleMissingAnswer))];
    private readonly ToolCallWriter[]? _calls = request.Tools is { } demand ? [.. request.Generations.Select(_ => new ToolCallWriter(demand, request.Model.Tokenizer))] : null;
    private readonly ThoughtSummarizer[] _summaries = [.. request.Generations.Select(_ => new ThoughtSummarizer())];

    public override void Begin(SseWriter writer)
    {
        for (var choice = 0; choice < request.Generations.Count; choice++)
            Write(writer, choice, new ChatDelta { Role = "assistant", Content = "" });
    }

    public override void Token(SseWriter writer, int choice, GenerationEvent.Token token)
    {
        _usage.Add(choice, token);
        foreach (var ready in _held[choice].Add(token)) Send(writer, choice, ready);
    }

    public override void Restarted(SseWriter writer, int choice, GenerationEvent.Restarted restarted)
    {
        _usage.Restart(choice, restarted.Channel);
        _held[choice].Restart();
    }

    public override void Finished(SseWriter writer, int choice, GenerationEvent.Finished finished)
    {
        foreach (var held in _held[choice].Release()) Send(writer, choice, held);
        foreach (var delta in _calls?[choice].Finish() ?? []) Write(writer, choice, delta);
        var reason = _calls?[choice].FinishReason(finished) ?? Wording.FinishReason(finished);
        Write(writer, [new ChatChunkChoice(choice, new ChatDelta(), null, reason) { ThoughtSummary = _summaries[choice].Result() }], UsageSoFar());
    }

    public override void Complete(SseWriter writer, GenerationUsage usage)
    {
        if (reports != UsageReports.Never) Write(writer, [], Usage.Of(usage));
        writer.WriteDone();
    }

    public override void Fail(SseWriter writer, ErrorResponse problem) => writer.Write(problem, wire.Of<ErrorResponse>());

    private void Send(SseWriter writer, int choice, GenerationEvent.Token token)
    {
        if (request.SummarizeThoughts) _summaries[choice].Add(token);
        var isThought = token.Channel == TokenChannel.Thought;
        if (isThought && !request.ShowThoughts) return;
        ChatLogprobs? logprobs = null;
        if (request.ReportLogprobs && token.TokenId is not null)
        {
            var entry = new[] { TokenTexts.ForChat(token, request.Model.Tokenizer) };
            logprobs = isThought ? new ChatLogprobs(null, entry) : new ChatLogprobs(entry, null);
        }

        if (!isThought && _calls is not null)
        {
            SendCalls(writer, choice, token, logprobs);
            return;
        }

        if (token.Text.Length == 0 && logprobs is null) return;
        Write(writer, choice, isThought ? new ChatDelta { ReasoningContent = token.Text } : new ChatDelta { Content = token.Text }, logprobs);
    }

    // A token may end one thing and begin another; its log-probability goes with the first, or alone where it is part of the syntax.
    private void SendCalls(SseWriter writer, int choice, GenerationEvent.Token token, ChatLogprobs? logprobs)
    {
        foreach (var delta in _calls![choice].Add(token))
        {
            Write(writer, choice, delta, logprobs);
            logprobs = null;
        }

        if (logprobs is not null) Write(writer, choice, new ChatDelta(), logprobs);
    }

    private void Write(SseWriter writer, int choice, ChatDelta delta, ChatLogprobs? logprobs = null) =>
        Write(writer, [new ChatChunkChoice(choice, delta, logprobs, null)], UsageSoFar());

    private Usage? UsageSoFar() => reports == UsageReports.Always ? Usage.Of(_usage.Now) : null;

    private void Write(SseWriter writer, IReadOnlyList<ChatChunkChoice> choices, Usage? usage) => writer.Write(
        new ChatChunk(request.Id, "chat.completion.chunk", _created, request.Model.Name, choices, usage) { ReportsUsage = reports != UsageReports.Never }, wire.Of<ChatChunk>());
}
