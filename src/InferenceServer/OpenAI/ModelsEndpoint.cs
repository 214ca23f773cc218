using InferenceServer.Hosting;
using InferenceServer.Models;
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
            model?.Layers,
            model is null ? null : Banner.ThinkingLayer(model),
            model?.ContextLength,
            model?.BaseModel,
            model?.Spec.VocabularySize,
            slot.Options.Example,
            model is null ? null : Abilities(model))
        {
            Note = slot.Options.Note,
            Heads = model is null ? null : ModelHead.Of(model),
        };
    }

    private static ModelAbilities Abilities(ServedModel model)
    {
        var method = model.Thinking.Method;
        return new ModelAbilities(
            method switch
            {
                ThinkingMethod.Tas or ThinkingMethod.Tpo => "before",
                ThinkingMethod.IcotSi => model.Thinking.EosCountToStop > 1 ? "before" : "never",
                ThinkingMethod.QuietStar => "during",
                _ => "never",
            },
            method switch
            {
                ThinkingMethod.Tas => "exact",
                ThinkingMethod.QuietStar => "switch",
                ThinkingMethod.Tpo when model.CanSwitchThoughts => "switch",
                _ => "none",
            },
            SuppliedThought: method == ThinkingMethod.Tas,
            ThoughtSummary: method == ThinkingMethod.QuietStar,
            ThinksByDefault: model.Thinking.ThinksByDefault && method is not (ThinkingMethod.Plain or ThinkingMethod.Bitune or ThinkingMethod.IcotKd),
            ChatTemplate: model.ChatTemplate is not null);
    }
}
