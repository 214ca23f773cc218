using InferenceServer.Models.Decoding;
using InferenceServer.Requests;

namespace InferenceServer.OpenAI;

/// <summary>What each choice of a completion begins with: its prompt, and the log-probabilities of its tokens where they are asked for.</summary>
internal sealed class Echoes
{
    private readonly MappedRequest _request;
    private readonly IReadOnlyList<PromptItem> _items;
    private readonly int _top;

    private Echoes(MappedRequest request, IReadOnlyList<PromptItem> items, int? top)
    {
        (_request, _items, _top) = (request, items, top ?? 0);
        AreScored = top is not null;
    }

    /// <summary>Whether an echo waits for the scores of its prompt.</summary>
    public bool AreScored { get; }

    /// <summary>Choices of each prompt; the first of them scores it for all.</summary>
    public int PerPrompt => _request.Generations.Count / _items.Count;

    /// <returns>Null where nothing is echoed.</returns>
    public static Echoes? Of(CompletionRequest completion, MappedRequest request) =>
        completion.Echo == true ? new Echoes(request, completion.Prompt.Items, completion.Logprobs) : null;

    /// <summary>The choice that scores this one's prompt.</summary>
    public int Scorer(int choice) => choice - (choice % PerPrompt);

    /// <summary>As it was sent; ids as the tokenizer spells them.</summary>
    public string Text(int choice) => _items[choice / PerPrompt].Text ?? _request.Model.Tokenizer.Decode(_request.Generations[choice].Prompt);

    /// <param name="scores">Of the prompt's tokens from the second on; null = not asked for, or cut short.</param>
    public CompletionLogprobs? Columns(int choice, IReadOnlyList<HeadResult>? scores) => scores is null
        ? null
        : PromptTexts.ForCompletion(_request.Generations[choice].Prompt, Text(choice), scores, _top, _request.Model.Tokenizer);
}
