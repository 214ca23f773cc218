namespace InferenceServer.Samples.Compare;

/// <summary>One way to ask: what the request says about the thought.</summary>
/// <param name="Budget">thinking_token_budget; null = the model's own.</param>
/// <param name="EditThought">Makes the thought to supply of the model's own.</param>
internal sealed record Variant(string Name, int? Budget = null, Func<string, string>? EditThought = null)
{
    /// <summary>What a model's abilities allow; the first is always the model left to itself.</summary>
    public static IEnumerable<Variant> Of(ServedModel model)
    {
        var abilities = model.Abilities;
        yield return new Variant(abilities is null or { Thoughts: "never" } ? "answer" : "thoughts on");
        if (abilities?.ThinkingBudget is "exact" or "switch") yield return new Variant("thoughts off", Budget: 0);
        if (abilities?.SuppliedThought is true) yield return new Variant("thought edited", EditThought: RaiseLastNumber);
    }

    /// <summary>The thought with its last digit one higher: the answer shows whether the model follows it.</summary>
    private static string RaiseLastNumber(string thought)
    {
        var at = thought.LastIndexOfAny(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        return at < 0 ? thought : $"{thought[..at]}{(char)('0' + ((thought[at] - '0' + 1) % 10))}{thought[(at + 1)..]}";
    }
}
