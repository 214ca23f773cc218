using InferenceServer.Models.Tokenization.Patterns;

namespace InferenceServer.Models.Tokenization.Json;

/// <summary>Reads <c>{"String": …}</c> and <c>{"Regex": …}</c>.</summary>
internal static class PatternReader
{
    public static TextPattern Read(JsonField field)
    {
        if (field.Element.ValueKind == System.Text.Json.JsonValueKind.String)
            return new LiteralPattern(field.AsString());
        if (field.StringOrNull("String") is { } literal)
            return new LiteralPattern(literal);
        var regex = field.Optional("Regex") ?? throw field.Error("{\"String\": …} or {\"Regex\": …}", field.Describe());
        try
        {
            return new RegexPattern(regex.AsString());
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"{regex.File}: {regex.Path}: {e.Message}", e);
        }
    }
}
