using InferenceServer.Errors;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.OpenAI;

/// <summary>Completions as a stream of chunks, one a token, each of one channel, then usage and [DONE].</summary>
internal sealed class CompletionStream(MappedRequest request, WireFormat wire, UsageReports reports, Echoes? echoes = null) : StreamFormat
{
    private readonly RunningUsage _usage = new(request.PromptTokens, request.Generations.Count);
    private readonly long _created = Wording.Now();
    private readonly HeldThoughts[] _held = [.. request.Generations.Select(_ => new HeldThoughts(request.Model.Thinking.ResampleMissingAnswer))];
    private readonly ThoughtSummarizer[] _summaries = [.. request.Generations.Select(_ => new ThoughtSummarizer())];
    private readonly int[] _answerLengths = new int[request.Generations.Count];
    private readonly int[] _thoughtLengths = new int[request.Generations.Count];

    // What happens to a choice before its echo, which comes first, is out.
    private readonly List<Action>?[] _waiting = [.. request.Generations.Select(_ => echoes is null ? null : new List<Action>())];

    public override void Begin(SseWriter writer)
    {
        if (echoes is not { AreScored: false }) return;
        for (var choice = 0; choice < request.Generations.Count; choice++) Echo(writer, choice, null);
    }

    public override void PromptScored(SseWriter writer, int choice, GenerationEvent.PromptScored scored) => EchoAll(writer, choice, scored.Tokens);

    public override void Token(SseWriter writer, int choice, GenerationEvent.Token token)
    {
        if (Waits(choice, () => Token(writer, choice, token))) return;
        _usage.Add(choice, token);
        foreach (var ready in _held[choice].Add(token)) Send(writer, choice, ready);
    }

    public override void Restarted(SseWriter writer, int choice, GenerationEvent.Restarted restarted)
    {
        if (Waits(choice, () => Restarted(writer, choice, restarted))) return;
        _usage.Restart(choice, restarted.Channel);
        _held[choice].Restart();
    }

    public override void Finished(SseWriter writer, int choice, GenerationEvent.Finished finished)
    {
        // Cut short before its scores were there, it has none for anybody.
        if (_waiting[choice] is not null && echoes!.Scorer(choice) == choice) EchoAll(writer, choice, null);
        if (Waits(choice, () => Finished(writer, choice, finished))) return;
        foreach (var held in _held[choice].Release()) Send(writer, choice, held);
        Write(writer, new CompletionChoice { Index = choice, Text = "", FinishReason = Wording.FinishReason(finished), ThoughtSummary = _summaries[choice].Result() });
    }

    public override void Complete(SseWriter writer, GenerationUsage usage)
    {
        if (reports != UsageReports.Never) Write(writer, [], Usage.Of(usage));
        writer.WriteDone();
    }

    public override void Fail(SseWriter writer, ErrorResponse problem) => writer.Write(problem, wire.Of<ErrorResponse>());

    private bool Waits(int choice, Action action)
    {
        _waiting[choice]?.Add(action);
        return _waiting[choice] is not null;
    }

    private void EchoAll(SseWriter writer, int scorer, IReadOnlyList<HeadResult>? scores)
    {
        for (var choice = scorer; choice < scorer + echoes!.PerPrompt; choice++) Echo(writer, choice, scores);
    }

    private void Echo(SseWriter writer, int choice, IReadOnlyList<HeadResult>? scores)
    {
        var text = echoes!.Text(choice);
        Write(writer, new CompletionChoice { Index = choice, Text = text, Logprobs = echoes.Columns(choice, scores) });
        _answerLengths[choice] = text.Length;
        var waited = _waiting[choice]!;
        _waiting[choice] = null;
        foreach (var action in waited) action();
    }

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

    private void Write(SseWriter writer, CompletionChoice choice) => Write(writer, [choice], reports == UsageReports.Always ? Usage.Of(_usage.Now) : null);

    private void Write(SseWriter writer, IReadOnlyList<CompletionChoice> choices, Usage? usage) => writer.Write(
        new CompletionChunk(request.Id, "text_completion", _created, request.Model.Name, choices, usage) { ReportsUsage = reports != UsageReports.Never },
        wire.Of<CompletionChunk>());
}
