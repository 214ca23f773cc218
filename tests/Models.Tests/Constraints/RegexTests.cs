using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using InferenceServer.Models.Constraints;
using InferenceServer.Models.Constraints.Regex;

namespace InferenceServer.Models.Tests.Constraints;

/// <summary>Automata of regular expressions against .NET's own.</summary>
public sealed class RegexTests
{
    private static readonly CharDfaBuilder Builder = new(new CompileBudget(ConstraintLimits.Default with { Time = TimeSpan.FromMinutes(10), States = int.MaxValue, Edges = int.MaxValue }));

    [Fact]
    public void Patterns_match_what_others_say()
    {
        Prop.ForAll(Pattern(3).ToArbitrary(), Gen.Elements("", "a", "b", "ab", "ba", "aab", "abab", "0", "a0b", "c", "aaaa", "-", "a\nb", " ").ToArbitrary(), (pattern, text) =>
        {
            var expected = System.Text.RegularExpressions.Regex.IsMatch(text, pattern.Replace("$", "\\z"), RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
            return (Builder.Pattern(pattern).Matches(text) == expected).Label($"{pattern} on '{text}'");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));
    }

    [Theory]
    [InlineData("a{2", "(a", "a)", "[a", "*a", "a**", "a{3,2}", "[b-a]", "\\", "\\q", "\\u12", "\\ud800", "^*", "{1}", "}", "]")]
    public void What_is_no_expression_is_refused(params string[] patterns) =>
        Assert.All(patterns, pattern => Assert.Equal(ConstraintProblem.Invalid, Assert.Throws<ConstraintException>(() => Builder.Pattern(pattern)).Problem));

    [Theory]
    [InlineData("^\\u{1F600}$", "😀")]
    [InlineData("^\\ud83d\\ude00$", "😀")]
    [InlineData("^[\\x41-\\u0043]$", "B")]
    [InlineData("^a(?<name>b)?$", "ab")]
    [InlineData("^[^\\d\\s]$", "x")]
    [InlineData("(^a|b$)", "cb")]
    [InlineData("^a*?b+?c??$", "aabb")]
    [InlineData("^\\/\\.\\-$", "/.-")]
    public void Escapes_and_groups_are_read(string pattern, string text) => Assert.True(Builder.Pattern(pattern).Matches(text));

    private static Gen<string> Pattern(int depth)
    {
        var atom = Gen.Elements("a", "b", ".", "[ab]", "[^a]", "\\d", "\\w", "\\s", "^", "$", "(?:)", "[a-c0-5]");
        if (depth == 0) return atom;
        var inner = Pattern(depth - 1);
        return Gen.OneOf(
            atom,
            inner.Two().Select(pair => pair.Item1 + pair.Item2),
            inner.Two().Select(pair => $"(?:{pair.Item1}|{pair.Item2})"),
            Gen.Zip(inner, Gen.Elements("*", "+", "?", "{2}", "{1,3}", "{0,}")).Select(pair => $"(?:{pair.Item1}){pair.Item2}"));
    }
}
