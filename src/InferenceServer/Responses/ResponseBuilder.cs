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
    public const string CallPrefix = "call_";
    private const string Incomplete = "incomplete";
    private const string InProgress = "in_progress";

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
        asked.MaxToolCalls,
        asked.ParallelToolCalls ?? true,
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
        asked.ToolChoice ?? new ResponseToolChoice("auto"),
        asked.Tools ?? [],
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
            Output = [.. passages.Select(Item)],
            Usage = new ResponseUsage(
                usage.PromptTokens,
                new InputTokensDetails(usage.CachedTokens),
                usage.CompletionTokens,
                new OutputTokensDetails(usage.ThoughtTokens),
                usage.PromptTokens + usage.CompletionTokens),
        };
    }

    public Response Failed(string message) => _template with { Status = "failed", Error = new ResponseError("server_error", message) };

    public string IdOf(Passage passage) => passage.Kind switch
    {
        PassageKind.Thought => $"rs_{_digits}{passage.Index:x4}",
        PassageKind.Call => $"fc_{_digits}{passage.Index:x4}",
        _ => $"msg_{_digits}{passage.Index:x4}",
    };

    /// <summary>The item of a passage that has just begun: without content, of which some may be there already.</summary>
    public OutputItem Empty(Passage passage) => passage.Kind switch
    {
        PassageKind.Thought => new ReasoningItem(IdOf(passage), InProgress, [], []),
        PassageKind.Call => new FunctionCallItem(IdOf(passage), InProgress, passage.CallId, passage.Name, ""),
        _ => new MessageItem(IdOf(passage), InProgress, "assistant", []),
    };

    /// <summary>The item of a passage that has ended.</summary>
    public OutputItem Item(Passage passage)
    {
        var status = passage.IsCut ? Incomplete : Completed;
        return passage.Kind switch
        {
            PassageKind.Thought => new ReasoningItem(IdOf(passage), status, Summarizes ? [new SummaryPart(passage.Text)] : [], Summarizes ? [] : [new ReasoningPart(passage.Text)]),
            PassageKind.Call => new FunctionCallItem(IdOf(passage), status, passage.CallId, passage.Name, passage.Text),
            _ => new MessageItem(IdOf(passage), status, "assistant", [new TextPart(passage.Text, [], Logprobs(passage.Tokens))]),
        };
    }

    /// <summary>The one part of a passage that has just begun; a call has none.</summary>
    public static OutputPart EmptyPart(Passage passage) => passage.Kind == PassageKind.Thought ? new ReasoningPart("") : new TextPart("", [], []);

    /// <summary>The one part of a passage that has ended.</summary>
    public OutputPart Part(Passage passage) =>
        passage.Kind == PassageKind.Thought ? new ReasoningPart(passage.Text) : new TextPart(passage.Text, [], Logprobs(passage.Tokens));

    public IReadOnlyList<TokenLogprobs> Logprobs(IEnumerable<GenerationEvent.Token> tokens) => request.ReportLogprobs
        ? [.. tokens.Where(token => token.TokenId is not null).Select(token => TokenTexts.ForChat(token, request.Model.Tokenizer))]
        : [];
}
