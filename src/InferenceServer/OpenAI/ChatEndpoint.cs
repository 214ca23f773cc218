using InferenceServer.Errors;
using InferenceServer.Models.Engine;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.OpenAI;

/// <summary>POST /v1/chat/completions.</summary>
internal sealed class ChatEndpoint(GenerationPipeline pipeline, UnknownFields unknown)
{
    private readonly ChatToolReader _tools = new(unknown);

    public async Task HandleAsync(HttpContext context)
    {
        var chat = await pipeline.ReadAsync<ChatRequest>(context);
        var ready = pipeline.Models.Require(chat.Model);
        var reports = Wording.Reports(chat, chat.StreamOptions, unknown);
        var tools = _tools.Read(chat);
        var demand = ToolMapper.Demand(tools, chat.ResponseFormat, ready.Model);
        var prompt = pipeline.Prompts.Encode(chat.Messages, chat, ready.Model, ToolMapper.ForTemplate(tools));
        var request = pipeline.Mapper.Map("chatcmpl-", chat, ready, [prompt], chat.N, MaxTokens(chat), TopLogprobs(chat));
        request = await pipeline.BindAsync(request, chat.ResponseFormat, demand, context.RequestAborted);
        if (chat.Stream == true)
        {
            await pipeline.StreamAsync(context, request, new ChatStream(request, pipeline.Wire, reports));
            return;
        }

        var (choices, usage) = await pipeline.CollectAsync(context, request);
        await context.Response.WriteAsJsonAsync(Response(request, choices, usage), pipeline.Wire.Of<ChatResponse>(), cancellationToken: context.RequestAborted);
    }

    private static int? MaxTokens(ChatRequest chat)
    {
        if (chat.MaxTokens is { } old && chat.MaxCompletionTokens is { } recent && old != recent)
        {
            throw ApiException.Invalid(
                "max_completion_tokens", "'max_tokens' and 'max_completion_tokens' mean the same and are in conflict: send one.", "conflicting_parameters");
        }

        return chat.MaxCompletionTokens ?? chat.MaxTokens;
    }

    private static ChatResponse Response(MappedRequest request, IReadOnlyList<ChoiceResult> choices, GenerationUsage usage) => new(
        request.Id,
        "chat.completion",
        Wording.Now(),
        request.Model.Name,
        [.. choices.Select((result, index) => Choice(request, result, index))],
        Usage.Of(usage));

    private static ChatChoice Choice(MappedRequest request, ChoiceResult result, int index)
    {
        var thought = request.ShowThoughts && result.Thought.Length > 0 ? result.Thought : null;
        var logprobs = request.ReportLogprobs
            ? new ChatLogprobs(Logprobs(request, result.AnswerTokens), thought is null ? null : Logprobs(request, result.ThoughtTokens))
            : null;
        var (answer, reason) = Answer(request, result, thought);
        return new ChatChoice(index, answer, logprobs, reason)
        {
            ThoughtSummary = request.SummarizeThoughts ? ThoughtSummarizer.Of(result) : null,
        };
    }

    private static (ChatAnswer Answer, string FinishReason) Answer(MappedRequest request, ChoiceResult result, string? thought)
    {
        const string Role = "assistant";
        if (request.Tools is not { } demand) return (new ChatAnswer(Role, result.Answer, thought), Wording.FinishReason(result.Finished!));
        var calls = new ToolCallWriter(demand, request.Model.Tokenizer);
        foreach (var token in result.AnswerTokens) calls.Add(token);
        calls.Finish();
        var content = calls.Content.Length == 0 && calls.Calls is not null ? null : calls.Content;
        return (new ChatAnswer(Role, content, thought) { ToolCalls = calls.Calls }, calls.FinishReason(result.Finished!));
    }

    private static List<TokenLogprobs> Logprobs(MappedRequest request, IEnumerable<GenerationEvent.Token> tokens) =>
        [.. tokens.Where(token => token.TokenId is not null).Select(token => TokenTexts.ForChat(token, request.Model.Tokenizer))];

    private int? TopLogprobs(ChatRequest chat)
    {
        const string Param = "top_logprobs";
        if (chat.TopLogprobs is { } top)
        {
            Bounds.Within(Param, top, 0, pipeline.Settings.MaxLogprobs);
            if (chat.Logprobs != true) throw ApiException.Invalid(Param, $"'{Param}' is only allowed with 'logprobs': true.");
        }

        return chat.Logprobs == true ? chat.TopLogprobs ?? 0 : null;
    }
}
