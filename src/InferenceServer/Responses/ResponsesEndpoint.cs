using InferenceServer.Errors;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.Responses;

/// <summary>POST /v1/responses.</summary>
internal sealed class ResponsesEndpoint(GenerationPipeline pipeline, UnknownFields unknown)
{
    private readonly ResponseChecks _checks = new(unknown);
    private readonly ResponseToolReader _tools = new(unknown);

    public async Task HandleAsync(HttpContext context)
    {
        var asked = await pipeline.ReadAsync<ResponseRequest>(context);
        _checks.Check(asked);
        asked = asked with { ReasoningEffort = asked.Reasoning?.Effort ?? asked.ReasoningEffort, ResponseFormat = ResponseChecks.Format(asked.Text?.Format) ?? asked.ResponseFormat };
        var ready = pipeline.Models.Require(asked.Model);
        var tools = _tools.Read(asked);
        var demand = ToolMapper.Demand(tools, asked.ResponseFormat, ready.Model);
        var messages = new InputConversation(unknown, pipeline.Settings.MaxMessages).Read(asked);
        var prompt = pipeline.Prompts.Encode(messages, asked, ready.Model, ToolMapper.ForTemplate(tools));
        var maxTokens = asked.MaxOutputTokens is { } bound ? Bounds.Within("max_output_tokens", bound, 1, int.MaxValue) : asked.MaxTokens;
        var request = pipeline.Mapper.Map("resp_", asked, ready, [prompt], choices: 1, maxTokens, TopLogprobs(asked));
        request = await pipeline.BindAsync(request, asked.ResponseFormat, demand, context.RequestAborted);
        var builder = new ResponseBuilder(asked, request);
        if (asked.Stream == true)
        {
            await pipeline.StreamAsync(context, request, new ResponseStream(request, builder, pipeline.Wire));
            return;
        }

        var (choices, usage) = await pipeline.CollectAsync(context, request);
        var response = builder.Ended(PassageReader.Read(choices[0], request, ResponseBuilder.CallPrefix), choices[0].Finished!, usage);
        await context.Response.WriteAsJsonAsync(response, pipeline.Wire.Of<Response>(), cancellationToken: context.RequestAborted);
    }

    private int? TopLogprobs(ResponseRequest asked)
    {
        const string Param = "top_logprobs";
        var reports = asked.Include?.Contains(ResponseChecks.LogprobsInclude) == true;
        if (asked.TopLogprobs is not { } top) return reports ? 0 : null;
        Bounds.Within(Param, top, 0, pipeline.Settings.MaxLogprobs);
        if (!reports && top > 0) throw ApiException.Invalid(Param, $"'{Param}' needs '{ResponseChecks.LogprobsInclude}' in 'include'.");
        return reports ? top : null;
    }
}
