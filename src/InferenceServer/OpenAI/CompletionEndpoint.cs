using InferenceServer.Errors;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.OpenAI;

/// <summary>POST /v1/completions.</summary>
internal sealed class CompletionEndpoint(GenerationPipeline pipeline, UnknownFields unknown)
{
    public async Task HandleAsync(HttpContext context)
    {
        var completion = await pipeline.ReadAsync<CompletionRequest>(context);
        var ready = pipeline.Models.Require(completion.Model);
        var reports = Wording.Reports(completion, completion.StreamOptions, unknown);
        int? topLogprobs = completion.Logprobs is { } top ? Bounds.Within("logprobs", top, 0, pipeline.Settings.MaxLogprobs) : null;
        var promptTop = PromptScoring.Top(completion.PromptLogprobs, completion, pipeline.Settings);
        if (completion is { MaxTokens: 0, PromptLogprobs: null } and not { Echo: true })
            throw ApiException.Invalid("max_tokens", "With 'max_tokens' 0 nothing is generated: it goes with 'echo' or 'prompt_logprobs'. Otherwise it must be at least 1.");
        var prompts = pipeline.Prompts.Encode(completion.Prompt, completion, ready.Model);
        var request = pipeline.Mapper.Map("cmpl-", completion, ready, prompts, completion.N, completion.MaxTokens, topLogprobs, leastTokens: 0);
        request = request.Scored(promptTop, "prompt_logprobs");
        if (completion.Echo == true && topLogprobs is not null) request = request.Scored(topLogprobs, "echo").AsWholeText(completion);
        var echoes = Echoes.Of(completion, request);
        request = request.With(await pipeline.Constraints.OfAsync(completion.ResponseFormat, ready.Model, context.RequestAborted));
        if (completion.Stream == true)
        {
            await pipeline.StreamAsync(context, request, new CompletionStream(request, pipeline.Wire, reports, echoes));
            return;
        }

        var (choices, usage) = await pipeline.CollectAsync(context, request);
        await context.Response.WriteAsJsonAsync(
            Response(request, choices, usage, echoes, promptTop), pipeline.Wire.Of<CompletionResponse>(), cancellationToken: context.RequestAborted);
    }

    private static CompletionResponse Response(MappedRequest request, IReadOnlyList<ChoiceResult> choices, GenerationUsage usage, Echoes? echoes, int? promptTop) => new(
        request.Id,
        "text_completion",
        Wording.Now(),
        request.Model.Name,
        [.. choices.Select((result, index) => Choice(request, result, index, choices[ScorerOf(request, index)].PromptScores, echoes, promptTop))],
        Usage.Of(usage));

    private static CompletionChoice Choice(
        MappedRequest request, ChoiceResult result, int index, IReadOnlyList<HeadResult>? scores, Echoes? echoes, int? promptTop)
    {
        var thought = request.ShowThoughts && result.Thought.Length > 0 ? result.Thought : null;
        var tokenizer = request.Model.Tokenizer;
        var echo = echoes?.Text(index) ?? "";
        var columns = request.ReportLogprobs ? TokenTexts.ForCompletion(result.AnswerTokens, tokenizer, echo.Length) : null;
        return new CompletionChoice
        {
            Index = index,
            Text = echo + result.Answer,
            ReasoningContent = thought,
            Logprobs = columns?.After(echoes?.Columns(index, scores)),
            ReasoningLogprobs = request.ReportLogprobs && thought is not null ? TokenTexts.ForCompletion(result.ThoughtTokens, tokenizer, 0) : null,
            PromptLogprobs = promptTop is { } top && scores is not null ? PromptTexts.ById(scores, top, tokenizer) : null,
            ThoughtSummary = request.SummarizeThoughts ? ThoughtSummarizer.Of(result) : null,
            FinishReason = Wording.FinishReason(result.Finished!),
        };
    }

    // All choices of a prompt have what its first found.
    private static int ScorerOf(MappedRequest request, int choice) => choice - request.Generations[choice].Choice;
}
