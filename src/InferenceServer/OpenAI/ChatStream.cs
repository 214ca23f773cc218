using InferenceServer.Errors;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.OpenAI;

/// <summary>A chat answer as a stream of chunks: roles, then one delta a token, each of one channel, then usage and [DONE].</summary>
internal sealed class ChatStream(MappedRequest request, WireFormat wire, bool includesUsage) : StreamFormat
{
    private readonly long _created = Wording.Now();
    private readonly HeldThoughts[] _held = [.. request.Generations.Select(_ => new HeldThoughts(request.Model.Thinking.ResampleMissingAnswer))];
    private readonly ThoughtSummarizer[] _summaries = [.. request.Generations.Select(_ => new ThoughtSummarizer())];

    public override void Begin(SseWriter writer)
    {
        for (var choice = 0; choice < request.Generations.Count; choice++)
            Write(writer, choice, new ChatDelta { Role = "assistant", Content = "" });
    }

    public override void Token(SseWriter writer, int choice, GenerationEvent.Token token)
    {
        foreach (var ready in _held[choice].Add(token)) Send(writer, choice, ready);
    }

    public override void Restarted(SseWriter writer, int choice, GenerationEvent.Restarted restarted) => _held[choice].Restart();

    public override void Finished(SseWriter writer, int choice, GenerationEvent.Finished finished)
    {
        foreach (var held in _held[choice].Release()) Send(writer, choice, held);
        Write(writer, [new ChatChunkChoice(choice, new ChatDelta(), null, Wording.FinishReason(finished)) { ThoughtSummary = _summaries[choice].Result() }], usage: null);
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
        ChatLogprobs? logprobs = null;
        if (request.ReportLogprobs && token.TokenId is not null)
        {
            var entry = new[] { TokenTexts.ForChat(token, request.Model.Tokenizer) };
            logprobs = isThought ? new ChatLogprobs(null, entry) : new ChatLogprobs(entry, null);
        }

        if (token.Text.Length == 0 && logprobs is null) return;
        Write(writer, choice, isThought ? new ChatDelta { ReasoningContent = token.Text } : new ChatDelta { Content = token.Text }, logprobs);
    }

    private void Write(SseWriter writer, int choice, ChatDelta delta, ChatLogprobs? logprobs = null) =>
        Write(writer, [new ChatChunkChoice(choice, delta, logprobs, null)], usage: null);

    private void Write(SseWriter writer, IReadOnlyList<ChatChunkChoice> choices, Usage? usage) => writer.Write(
        new ChatChunk(request.Id, "chat.completion.chunk", _created, request.Model.Name, choices, usage) { ReportsUsage = includesUsage }, wire.Of<ChatChunk>());
}
