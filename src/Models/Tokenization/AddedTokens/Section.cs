namespace InferenceServer.Models.Tokenization.AddedTokens;

/// <summary>UTF-16 units [Start, End): the added token with that id, or (-1) text.</summary>
internal readonly record struct Section(int Start, int End, int Id);
