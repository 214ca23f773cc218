using InferenceServer.Errors;
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
        var prompts = pipeline.Prompts.Encode(completion.Prompt, completion, ready.Model);
        var request = pipeline.Mapper.Map("cmpl-", completion, ready, prompts, completion.N, completion.MaxTokens, topLogprobs);
        var echoes = Echoes(completion, request);
        request = request.With(await pipeline.Constraints.OfAsync(completion.ResponseFormat, ready.Model, context.RequestAborted));
        if (completion.Stream == true)
        {
            await pipeline.StreamAsync(context, request, new CompletionStream(request, pipeline.Wire, reports, echoes));
            return;
        }

        var (choices, usage) = await pipeline.CollectAsync(context, request);
        await context.Response.WriteAsJsonAsync(
            Response(request, choices, usage, echoes), pipeline.Wire.Of<CompletionResponse>(), cancellationToken: context.RequestAborted);
    }

    /// <summary>What each choice's text begins with; null = nothing.</summary>
    private static string[]? Echoes(CompletionRequest completion, MappedRequest request)
    {
        if (completion.Echo != true) return null;
        if (completion.Logprobs is not null)
            throw ApiException.Invalid("echo", "Log-probabilities of a prompt are not computed: send 'echo' without 'logprobs'.", "unsupported_parameter");
        var items = completion.Prompt.Items;
        var perPrompt = request.Generations.Count / items.Count;
        return [.. request.Generations.Select((generation, index) => items[index / perPrompt].Text ?? request.Model.Tokenizer.Decode(generation.Prompt))];
    }

    private static CompletionResponse Response(MappedRequest request, IReadOnlyList<ChoiceResult> choices, GenerationUsage usage, string[]? echoes) => new(
        request.Id,
        "text_completion",
        Wording.Now(),
        request.Model.Name,
        [.. choices.Select((result, index) => Choice(request, result, index, echoes?[index]))],
        Usage.Of(usage));

    private static CompletionChoice Choice(MappedRequest request, ChoiceResult result, int index, string? echo)
    {
        var thought = request.ShowThoughts && result.Thought.Length > 0 ? result.Thought : null;
        var tokenizer = request.Model.Tokenizer;
        return new CompletionChoice
        {
            Index = index,
            Text = echo + result.Answer,
            ReasoningContent = thought,
            Logprobs = request.ReportLogprobs ? TokenTexts.ForCompletion(result.AnswerTokens, tokenizer, 0) : null,
            ReasoningLogprobs = request.ReportLogprobs && thought is not null ? TokenTexts.ForCompletion(result.ThoughtTokens, tokenizer, 0) : null,
            ThoughtSummary = request.SummarizeThoughts ? ThoughtSummarizer.Of(result) : null,
            FinishReason = Wording.FinishReason(result.Finished!),
        };
    }
}
