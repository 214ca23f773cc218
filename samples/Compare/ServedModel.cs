namespace InferenceServer.Samples.Compare;

/// <summary>What this sample reads of an entry of GET /v1/models.</summary>
internal sealed record ServedModel(string Id, string? Method, string? Example, Abilities? Abilities);

/// <summary>What requests may ask of a model.</summary>
/// <param name="Thoughts">before, during or never.</param>
/// <param name="ThinkingBudget">exact, switch or none.</param>
internal sealed record Abilities(string Thoughts, string ThinkingBudget, bool SuppliedThought);

internal sealed record ModelList(IReadOnlyList<ServedModel> Data);

/// <summary>One generation as this sample shows it.</summary>
/// <param name="Thought">Null where the model wrote none.</param>
internal sealed record Outcome(string? Thought, string Answer, int ThoughtTokens, int AnswerTokens, TimeSpan Time);
