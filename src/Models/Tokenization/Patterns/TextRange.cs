namespace InferenceServer.Models.Tokenization.Patterns;

/// <summary>UTF-16 units [Start, End).</summary>
internal readonly record struct TextRange(int Start, int End);
