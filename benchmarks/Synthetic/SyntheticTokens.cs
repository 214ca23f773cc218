using System.Globalization;

namespace InferenceServer.Benchmarks.Synthetic;

/// <summary>As GGUF numbers them (<c>enum llama_token_type</c>).</summary>
internal enum TokenKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    Byte = 6,
}

internal readonly record struct SyntheticToken(int Id, string Text, TokenKind Kind);

/// <summary>A vocabulary that both sides can load: three special tokens, the bytes, then numbered words.</summary>
internal static class SyntheticTokens
{
    public const int Unknown = 0;
    public const int Begin = 1;
    public const int End = 2;

    /// <summary>One of the words, where a model thinks.</summary>
    public const int ThoughtEnd = Specials + Bytes;

    private const int Bytes = 256;
    private const int Specials = 3;

    public static IReadOnlyList<SyntheticToken> List(int vocabulary) => [.. Enumerable.Range(0, vocabulary).Select(Token)];

    private static SyntheticToken Token(int id) => id switch
    {
        Unknown => new(id, "<unk>", TokenKind.Unknown),
        Begin => new(id, "<s>", TokenKind.Control),
        End => new(id, "</s>", TokenKind.Control),
        < Specials + Bytes => new(id, string.Create(CultureInfo.InvariantCulture, $"<0x{id - Specials:X2}>"), TokenKind.Byte),
        _ => new(id, string.Create(CultureInfo.InvariantCulture, $"▁w{id}"), TokenKind.Normal),
    };
}
