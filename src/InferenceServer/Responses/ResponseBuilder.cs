using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.OpenAI;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.Responses;

/// <summary>Writes one answer in the words of this format, at any stage.</summary>
internal sealed class ResponseBuilder(ResponseRequest asked, MappedRequest request)
{
    public const string Completed = "completed";
    public const string Incomplete = "incomplete";
    public const string InProgress = "in_progress";

    private readonly Response _template = new(
        request.Id,
        "response",
        Wording.Now(),
        InProgress,
        CompletedAt: null,
        Error: null,
        IncompleteDetails: null,
        asked.Instructions,
        asked.MaxOutputTokens ?? asked.MaxTokens,
        request.Model.Name,
        Output: [],
        ParallelToolCalls: true,
        PreviousResponseId: null,
        new ReasoningEcho(asked.Reasoning?.Effort ?? asked.ReasoningEffort, asked.Reasoning?.Summary),
        Background: false,
        Store: false,
        Math.Round(request.Generations[0].Answering.Temperature, 6),
        new TextEcho(new TextFormatEcho(asked.ResponseFormat?.Type ?? "text")
        {
            Name = asked.ResponseFormat?.JsonSchema?.Name,
            Schema = asked.ResponseFormat?.JsonSchema?.Schema,
            Strict = asked.ResponseFormat?.JsonSchema?.Strict,
        }),
        "auto",
        Tools: [],
        asked.TopLogprobs ?? 0,
        Math.Round(request.Generations[0].Answering.TopP, 6),
        "disabled",
        Usage: null,
        asked.User,
        "default",
        asked.Metadata ?? new Dictionary<string, string>());

    private readonly string _digits = request.Id[(request.Id.IndexOf('_', StringComparison.Ordinal) + 1)..];

    /// <summary>
    /// Whether thoughts are told as summaries of themselves: the clients that ask for those, and only they, read nothing else.
    /// </summary>
    public bool Summarizes => asked.Reasoning?.Summary is not null;

    /// <summary>At the beginning of a stream.</summary>
    public Response Begun => _template;

    public Response Ended(IReadOnlyList<Passage> passages, GenerationEvent.Finished finished, GenerationUsage usage)
    {
        var isCut = finished.Reason == FinishReason.Length;
        return _template with
        {
            Status = isCut ? Incomplete : Completed,
            CompletedAt = isCut ? null : Wording.Now(),
            IncompleteDetails = isCut ? new IncompleteDetails("max_output_tokens") : null,
            Output = [.. passages.Select((passage, index) => Item(passage, isCut && index == passages.Count - 1 ? Incomplete : Completed))],
            Usage = new ResponseUsage(
                usage.PromptTokens,
                new InputTokensDetails(usage.CachedTokens),
                usage.CompletionTokens,
                new OutputTokensDetails(usage.ThoughtTokens),
                usage.PromptTokens + usage.CompletionTokens),
        };
    }

    public Response Failed(string message) => _template with { Status = "failed", Error = new ResponseError("server_error", message) };

    public string IdOf(Passage passage) => $"{(passage.IsThought ? "rs" : "msg")}_{_digits}{passage.Index:x4}";

    /// <summary>The item of a passage, without content while it has just begun.</summary>
    public OutputItem Item(Passage passage, string status)
    {
        var id = IdOf(passage);
        var begun = status == InProgress;
        return passage.IsThought
            ? new ReasoningItem(id, status, begun || !Summarizes ? [] : [new SummaryPart(passage.Text)], begun || Summarizes ? [] : [new ReasoningPart(passage.Text)])
            : new MessageItem(id, status, "assistant", begun ? [] : [new TextPart(passage.Text, [], Logprobs(passage.Tokens))]);
    }

    public OutputPart Part(Passage passage) =>
        passage.IsThought ? new ReasoningPart(passage.Text) : new TextPart(passage.Text, [], Logprobs(passage.Tokens));

    public IReadOnlyList<TokenLogprobs> Logprobs(IEnumerable<GenerationEvent.Token> tokens) => request.ReportLogprobs
        ? [.. tokens.Where(token => token.TokenId is not null).Select(token => TokenTexts.ForChat(token, request.Model.Tokenizer))]
        : [];
}
