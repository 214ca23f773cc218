using InferenceServer.Models.Constraints.Automata;
using InferenceServer.Models.Constraints.Regex;

namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>Strings that satisfy several schemas.</summary>
internal static class StringTerminals
{
    /// <returns>Null where there is none.</returns>
    public static Terminal? Of(IReadOnlyCollection<Schema> all, CharDfaBuilder strings, InstanceValidator validator, CompileBudget budget)
    {
        var (min, max) = Lengths(all);
        if (min > max) return null;
        if (Language(all, strings, validator) is not { } language) return min == 0 && max is null ? StringTerminal.Any : new StringTerminal(min, max);
        return language.IsEmpty ? null : Utf8Expander.Json(language, budget);
    }

    /// <summary>The strings as an automaton of characters; null where only their length is bounded.</summary>
    public static CharDfa? Language(IReadOnlyCollection<Schema> all, CharDfaBuilder strings, InstanceValidator validator)
    {
        var patterns = all.Select(schema => schema["pattern"]?.GetString())
            .Concat(all.Select(schema => schema["format"]?.GetString() is { } format ? StringFormats.Pattern(format) : null))
            .OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        if (patterns.Count == 0) return null;
        var language = patterns.Select(validator.Pattern).Aggregate(strings.Intersect);
        var (min, max) = Lengths(all);
        return min == 0 && max is null ? language : strings.Intersect(language, strings.Length(min, max));
    }

    public static (int Min, int? Max) Lengths(IReadOnlyCollection<Schema> all) =>
        (all.Max(schema => schema.Count("minLength") ?? 0), all.Select(schema => schema.Count("maxLength")).Min());
}
