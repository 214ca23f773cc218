namespace InferenceServer.Models.Tokenization;

/// <summary>
/// The named special tokens of tokenizer_config.json, as text; null where the file does not name one. Chat templates
/// use them under these names.
/// </summary>
public sealed record SpecialTokens(string? Bos = null, string? Eos = null, string? Unknown = null, string? Pad = null);
