using System.Buffers;

namespace InferenceServer.Models.Tools;

/// <summary>
/// How a model writes calls of tools, in pieces around names and arguments:
/// Begin name Between arguments (Separator name Between arguments)* End.
/// </summary>
/// <param name="Begin">Up to the first name.</param>
/// <param name="Between">From a name to its arguments, a JSON object.</param>
/// <param name="Separator">From arguments to the next name; null where a model writes one call at a time.</param>
/// <param name="End">Behind the last arguments.</param>
public sealed record ToolSyntax(string Begin, string Between, string? Separator, string End)
{
    /// <summary>Stands in the pieces where a model writes an id of nine letters and digits.</summary>
    public const char IdSlot = '\u0001';

    public const int IdLength = 9;

    private static readonly SearchValues<char> NoMarker = SearchValues.Create(" \n\t<[{\"");

    /// <summary>For models whose chat template knows no tools: one JSON object, nothing around it.</summary>
    public static ToolSyntax Plain { get; } = new("{\"name\": \"", "\", \"arguments\": ", null, "}");

    /// <summary>The word that tells a call from other text; null where calls are told by how the answer begins.</summary>
    public string? Marker { get; } = FindMarker(Begin);

    /// <summary>Whether the chat template tells the model which tools there are.</summary>
    public bool IsTold { get; init; }

    /// <summary>Whether the chat template wants the arguments of earlier calls as text, not as an object.</summary>
    public bool ArgumentsAsText { get; init; }

    /// <summary>Whether the chat template takes ids of nine letters and digits only.</summary>
    public bool ShortIds { get; init; }

    // A tag, or capitals in brackets.
    private static string? FindMarker(string begin)
    {
        var text = begin.TrimStart();
        if (text.Length < 3) return null;
        var close = text[0] switch { '<' => '>', '[' => ']', _ => '\0' };
        var end = close == '\0' ? -1 : text.IndexOf(close, StringComparison.Ordinal);
        if (close == '\0') return null;
        if (end < 0) return close == '>' && !text.AsSpan(1).ContainsAny(NoMarker) ? text : null;
        var inside = text.AsSpan(1, end - 1);
        if (inside.IsEmpty || inside.ContainsAny(NoMarker)) return null;
        return close == '>' || inside.IndexOfAnyExceptInRange('A', '_') < 0 ? text[..(end + 1)] : null;
    }
}
