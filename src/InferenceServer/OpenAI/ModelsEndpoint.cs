using InferenceServer.Hosting;
using InferenceServer.Models.Checkpoints;

namespace InferenceServer.OpenAI;

/// <summary>GET /v1/models and /v1/models/{id}.</summary>
internal static class ModelsEndpoint
{
    public static ModelList List(ModelRegistry models) => new("list", [.. models.Slots.Select(Describe)]);

    public static ModelResponse One(ModelRegistry models, string id) => Describe(models.Find(id));

    private static ModelResponse Describe(ModelSlot slot)
    {
        var model = slot.Model;
        return new ModelResponse(
            slot.Options.Name,
            "model",
            slot.Created.ToUnixTimeSeconds(),
            "local",
            model is not null,
            model?.Thinking.Method.Id(),
            model?.Spec.Layers.Count,
            model is null ? null : Banner.ThinkingLayer(model),
            model?.ContextLength);
    }
}
