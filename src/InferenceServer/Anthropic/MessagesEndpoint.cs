using InferenceServer.Errors;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.Anthropic;

/// <summary>POST /v1/messages and /v1/messages/count_tokens.</summary>
internal sealed class MessagesEndpoint(GenerationPipeline pipeline, UnknownFields unknown)
{
    private readonly MessagesReader _reader = new(unknown, pipeline.Settings.MaxMessages);

    public async Task HandleAsync(HttpContext context)
    {
        var asked = _reader.Common(await pipeline.ReadAsync<MessagesRequest>(context));
        if (asked.MaxTokens is null) throw ApiException.Invalid("max_tokens", "'max_tokens' is required.", "missing_required_parameter");
        var ready = pipeline.Models.Require(asked.Model);
        var prompt = pipeline.Prompts.Encode(_reader.Conversation(asked), asked, ready.Model);
        var request = pipeline.Mapper.Map("msg_", asked, ready, [prompt], choices: 1, asked.MaxTokens, topLogprobs: null);
        request = request.With(await pipeline.Constraints.OfAsync(asked.ResponseFormat, ready.Model, context.RequestAborted));
        var builder = new MessageBuilder(asked, request);
        if (asked.Stream == true)
        {
            await pipeline.StreamAsync(context, request, new MessageStream(request, builder, pipeline.Wire));
            return;
        }

        var (choices, usage) = await pipeline.CollectAsync(context, request);
        var message = builder.Ended(PassageReader.Read(choices[0], request, MessageBuilder.CallPrefix), choices[0].Finished!, usage);
        await context.Response.WriteAsJsonAsync(message, pipeline.Wire.Of<MessageResponse>(), cancellationToken: context.RequestAborted);
    }

    public async Task<IResult> CountAsync(HttpContext context)
    {
        var asked = _reader.Common(await pipeline.ReadAsync<CountTokensRequest>(context));
        var prompt = pipeline.Prompts.Encode(_reader.Conversation(asked), asked, pipeline.Models.Require(asked.Model).Model);
        return Results.Json(new CountTokensResponse(prompt.Count), pipeline.Wire.Of<CountTokensResponse>());
    }
}
