namespace InferenceServer.Models.Constraints.Regex;

/// <summary>A regular expression over Unicode scalar values.</summary>
internal abstract record RegexNode
{
    public static RegexNode Any { get; } = new Chars(CharSet.All);

    public static RegexNode Digits { get; } = new Chars(CharSet.Of('0', '9'));

    public static RegexNode Text(string text) => new Sequence([.. text.EnumerateRunes().Select(rune => new Chars(CharSet.Of(rune.Value)))]);

    public static RegexNode OneOf(params IReadOnlyList<RegexNode> branches) => branches.Count == 1 ? branches[0] : new Choice(branches);

    public static RegexNode Join(params IReadOnlyList<RegexNode> parts) => new Sequence(parts);

    public RegexNode Optional() => new Repeat(this, 0, 1);

    public RegexNode Times(int min, int? max) => new Repeat(this, min, max);

    public sealed record Chars(CharSet Set) : RegexNode;

    public sealed record Sequence(IReadOnlyList<RegexNode> Parts) : RegexNode;

    public sealed record Choice(IReadOnlyList<RegexNode> Branches) : RegexNode;

    /// <param name="Max">Null = any number.</param>
    public sealed record Repeat(RegexNode Of, int Min, int? Max) : RegexNode;

    /// <summary>Matches where nothing has come yet.</summary>
    public sealed record Start : RegexNode;

    /// <summary>Matches where nothing more comes.</summary>
    public sealed record End : RegexNode;
}
