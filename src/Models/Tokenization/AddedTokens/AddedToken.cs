using InferenceServer.Models.Tokenization.Json;

namespace InferenceServer.Models.Tokenization.AddedTokens;

/// <summary>A token found in the text as a whole, before any model sees it.</summary>
/// <param name="Content">The text it stands for.</param>
/// <param name="SingleWord">Only between non-word characters.</param>
/// <param name="StripLeft">Takes the white space before it.</param>
/// <param name="StripRight">Takes the white space after it.</param>
/// <param name="Normalized">Looked for in the normalized text instead of the text as given.</param>
/// <param name="Special">Control token: left out of decoded text on request, and not parsed from plain data.</param>
internal sealed record AddedToken(string Content, bool SingleWord, bool StripLeft, bool StripRight, bool Normalized, bool Special)
{
    public static AddedToken Read(JsonField field)
    {
        var special = field.Bool("special", false);
        return new AddedToken(field.Required("content").AsString(), field.Bool("single_word", false), field.Bool("lstrip", false),
            field.Bool("rstrip", false), field.Bool("normalized", !special), special);
    }

    /// <summary>A special token of which only the text is known.</summary>
    public static AddedToken SpecialOf(string content) => new(content, false, false, false, Normalized: false, Special: true);
}
