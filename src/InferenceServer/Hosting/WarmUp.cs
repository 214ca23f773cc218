using InferenceServer.Models;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Hosting;

/// <summary>
/// A few tokens through a model before it is ready, so that no client waits while the runtime compiles the kernels and the
/// operating system reads the weights.
/// </summary>
internal static class WarmUp
{
    private const int PromptTokens = 4;
    private const int MaxTokens = 4;
    private const int ThoughtTokens = 2;

    public static void Run(ServedModel model)
    {
        var thinks = model.Thinking.Method == ThinkingMethod.Tas;
        var generation = model.Submit(new GenerationRequest
        {
            Prompt = new int[PromptTokens],
            MaxTokens = MaxTokens,
            ThoughtBudget = thinks ? ThoughtTokens : null,
            CacheSalt = nameof(WarmUp),
        });

        // How it ends is of no interest here: what is wrong with a model is told to whoever asks it.
        foreach (var _ in generation.Events.ReadAllAsync().ToBlockingEnumerable()) continue;
    }
}
