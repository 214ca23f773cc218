using InferenceServer.Errors;
using InferenceServer.Hosting;
using InferenceServer.Models;
using InferenceServer.Models.Thinking;
using InferenceServer.OpenAI;
using InferenceServer.Requests;

namespace InferenceServer.Native;

/// <summary>A wish to peek, held against the heads the model has.</summary>
internal static class PeekMapper
{
    private const string Param = "peek";
    private const int DefaultTop = 5;

    /// <exception cref="ApiException">400: the model has no other heads, or not these, or no thoughts are to be shown.</exception>
    public static PeekOptions? Map(GenerateRequest request, ServedModel model, UnknownFields unknown, ServerSettings settings)
    {
        if (request.Peek is not { } peek) return null;
        unknown.CheckInside(Param, peek.Unknown);
        var heads = ModelHead.Of(model);
        var layers = heads.Select(head => head.Layer).Distinct().ToList();
        if (layers.Count == 1)
        {
            throw ApiException.Invalid(
                Param, $"'{model.Name}' has no head but after its last layer, {layers[0]}: 'top_logprobs' shows what that one says.", "unsupported_parameter");
        }

        if (!request.ShowsThoughts)
            throw ApiException.Invalid(Param, $"'{Param}' shows what thoughts are made of: it cannot go with 'include_reasoning': false.", "conflicting_parameters");
        var named = $"'{Param}.layers' must name layers with a head: {string.Join(", ", layers)}";
        if (peek.Layers.Count == 0) throw ApiException.Invalid($"{Param}.layers", $"{named}.");
        foreach (var layer in peek.Layers)
        {
            if (!layers.Contains(layer)) throw ApiException.Invalid($"{Param}.layers", $"{named}; there is none after layer {layer}.");
        }

        return new PeekOptions([.. peek.Layers.Distinct()], Math.Min(Bounds.Within($"{Param}.top", peek.Top, 1, settings.MaxLogprobs, DefaultTop), model.Spec.VocabularySize));
    }
}
