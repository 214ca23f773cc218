using System.Reflection;
using InferenceServer.Errors;
using InferenceServer.Hosting;
using InferenceServer.Models;
using InferenceServer.Native;
using InferenceServer.Requests;

namespace InferenceServer.OpenAI;

/// <summary>POST /tokenize, POST /detokenize and GET /version, as vLLM has them.</summary>
internal sealed class TokenizeEndpoints(
    RequestReader reader, UnknownFields unknown, ModelRegistry models, PromptEncoder prompts, WireFormat wire, ServerSettings settings)
{
    public static VersionResponse Version { get; } = new(
        typeof(TokenizeEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0]);

    public async Task<IResult> TokenizeAsync(HttpContext context)
    {
        var request = await reader.ReadAsync<TokenizeRequest>(context.Request);
        unknown.Check(request.Unknown);
        var model = Model(request.Model);
        var tokens = Encode(request, model);
        IReadOnlyList<string>? names = request.ReturnTokenStrs == true ? [.. tokens.Select(id => model.Tokenizer.IdToToken(id) ?? "")] : null;
        return Results.Json(new TokenizeResponse(tokens.Count, model.ContextLength, tokens, names), wire.Of<TokenizeResponse>());
    }

    public async Task<IResult> DetokenizeAsync(HttpContext context)
    {
        var request = await reader.ReadAsync<DetokenizeRequest>(context.Request);
        unknown.Check(request.Unknown);
        var model = Model(request.Model);
        var size = model.Spec.VocabularySize;
        foreach (var id in request.Tokens)
        {
            if (id < 0 || id >= size) throw ApiException.Invalid("tokens", $"Token ids are from 0 to {size - 1}; one is {id}.");
        }

        return Results.Json(new DetokenizeResponse(model.Tokenizer.Decode(request.Tokens)), wire.Of<DetokenizeResponse>());
    }

    private ServedModel Model(string? name)
    {
        if (name is null && models.Slots.Count > 1)
            throw ApiException.Invalid("model", "This server has several models: say which in 'model'.", "missing_required_parameter");
        return models.Require(name ?? models.Slots[0].Options.Name).Model;
    }

    private IReadOnlyList<int> Encode(TokenizeRequest request, ServedModel model)
    {
        if (request.Prompt is { } prompt && request.Messages is null)
        {
            if (request.ChatTemplateKwargs is not null)
                throw ApiException.Invalid("chat_template_kwargs", "'chat_template_kwargs' goes with 'messages'.", "unsupported_parameter");
            return model.Tokenizer.EncodeToIds(prompt, request.AddSpecialTokens ?? true, settings.ParseSpecialTokens);
        }

        if (request.Messages is { } messages && request.Prompt is null)
        {
            if (request.AddSpecialTokens == true)
                throw ApiException.Invalid("add_special_tokens", "The chat template says which special tokens a conversation has.", "unsupported_parameter");
            return prompts.Encode(messages, new GenerateRequest { Model = model.Name, ChatTemplateKwargs = request.ChatTemplateKwargs }, model);
        }

        throw ApiException.Invalid(
            "prompt", "Send either 'prompt' or 'messages'.", request.Prompt is null ? "missing_required_parameter" : "conflicting_parameters");
    }
}
