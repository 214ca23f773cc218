using InferenceServer.Errors;
using InferenceServer.Models;
using InferenceServer.Models.Engine;
using InferenceServer.OpenAI;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.Native;

/// <summary>POST /v1/generate.</summary>
internal sealed class GenerateEndpoint(GenerationPipeline pipeline, UnknownFields unknown)
{
    public async Task HandleAsync(HttpContext context)
    {
        var generate = await pipeline.ReadAsync<GenerateRequest>(context);
        var ready = pipeline.Models.Require(generate.Model);
        var topLogprobs = Bounds.Within("top_logprobs", generate.TopLogprobs, 0, pipeline.Settings.MaxLogprobs, 0);
        var request = pipeline.Mapper.Map("gen-", generate, ready, [Prompt(generate, ready.Model)], choices: 1, generate.MaxTokens, topLogprobs);
        request = request.With(await pipeline.Constraints.OfAsync(generate.ResponseFormat, ready.Model, context.RequestAborted));
        // A key that may not see thoughts sees nothing of what they are made of either.
        if (PeekMapper.Map(generate, ready.Model, unknown, pipeline.Settings) is { } peek && request.ShowThoughts)
            request = request with { Generations = [.. request.Generations.Select(generation => generation with { Peek = peek })] };
        if (generate.Stream != false)
        {
            await pipeline.StreamAsync(context, request, new GenerateStream(request, pipeline.Wire));
            return;
        }

        var (choices, usage) = await pipeline.CollectAsync(context, request);
        await context.Response.WriteAsJsonAsync(
            Response(request, choices[0], usage), pipeline.Wire.Of<GenerateResponse>(), cancellationToken: context.RequestAborted);
    }

    private static GenerateResponse Response(MappedRequest request, ChoiceResult choice, GenerationUsage usage) => new(
        request.Id,
        request.Model.Name,
        request.ShowThoughts ? Text(choice.Thought, choice.ThoughtTokens, request.Model) : null,
        Text(choice.Answer, choice.AnswerTokens, request.Model),
        GenerateDone.Of(choice.Finished!) with { ThoughtSummary = request.SummarizeThoughts ? ThoughtSummarizer.Of(choice) : null },
        Usage.Of(usage));

    private static GenerateText Text(string text, IEnumerable<GenerationEvent.Token> tokens, ServedModel model) =>
        new(text, [.. tokens.Select(token => GenerateWording.Token(token, model))]);

    private IReadOnlyList<int> Prompt(GenerateRequest generate, ServedModel model)
    {
        if (generate.Prompt is { } prompt && generate.Messages is null)
        {
            var prompts = pipeline.Prompts.Encode(prompt, generate, model);
            return prompts.Count == 1 ? prompts[0] : throw ApiException.Invalid("prompt", "This endpoint takes one prompt: a string or an array of token ids.");
        }

        if (generate.Messages is { } messages && generate.Prompt is null) return pipeline.Prompts.Encode(messages, generate, model);
        throw ApiException.Invalid(
            "prompt", "Send either 'prompt' or 'messages'.", generate.Prompt is null ? "missing_required_parameter" : "conflicting_parameters");
    }
}
