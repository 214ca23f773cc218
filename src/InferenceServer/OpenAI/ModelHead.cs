using InferenceServer.Models;
using InferenceServer.Models.Checkpoints;

namespace InferenceServer.OpenAI;

/// <summary>A trained language head of a model.</summary>
/// <param name="Layer">Layers a row has passed when the head reads it.</param>
/// <param name="Channel">thought or answer: what is read from it.</param>
public sealed record ModelHead(int Layer, string Channel)
{
    internal static IReadOnlyList<ModelHead> Of(ServedModel model)
    {
        var answer = new ModelHead(model.Layers, "answer");
        return model.Thinking.Method == ThinkingMethod.Tas ? [new ModelHead(model.Thinking.ThinkingLayer, "thought"), answer] : [answer];
    }
}
