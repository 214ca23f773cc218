using InferenceServer.Models.Constraints.Regex;

namespace InferenceServer.Models.Constraints.Automata;

/// <summary>
/// How numbers are written. None is longer than what a 64-bit integer or float holds, so that a model cannot write digits for
/// ever and no reader loses any.
/// </summary>
internal static class NumberShapes
{
    private const int IntegerDigits = 18;
    private const int WholeDigits = 15;
    private const int FractionDigits = 15;
    private const int ExponentDigits = 2;

    public static RegexNode Minus { get; } = RegexNode.Text("-");

    private static readonly RegexNode NonZero = new RegexNode.Chars(CharSet.Of('1', '9'));

    /// <summary>A whole number without a point.</summary>
    public static RegexNode Integer { get; } = IntegerOf(IntegerDigits);

    /// <summary>Any number.</summary>
    public static RegexNode Number { get; } = RegexNode.Join(
        Minus.Optional(),
        Whole(WholeDigits),
        Fraction(FractionDigits).Optional(),
        RegexNode.Join(
            new RegexNode.Chars(CharSet.Union(CharSet.Of('e'), CharSet.Of('E'))),
            new RegexNode.Chars(CharSet.Union(CharSet.Of('+'), CharSet.Of('-'))).Optional(),
            RegexNode.Digits.Times(1, ExponentDigits)).Optional());

    /// <summary>A whole number of so many digits at most.</summary>
    public static RegexNode IntegerOf(int digits) =>
        RegexNode.OneOf(RegexNode.Text("0"), RegexNode.Join(Minus.Optional(), NonZero, RegexNode.Digits.Times(0, digits - 1)));

    /// <summary>A number without exponent, of so many digits before and behind the point at most.</summary>
    public static RegexNode Decimal(int whole, int fraction) =>
        RegexNode.Join(Minus.Optional(), Whole(whole), Fraction(fraction).Optional());

    private static RegexNode Whole(int digits) =>
        RegexNode.OneOf(RegexNode.Text("0"), RegexNode.Join(NonZero, RegexNode.Digits.Times(0, digits - 1)));

    private static RegexNode Fraction(int digits) => RegexNode.Join(RegexNode.Text("."), RegexNode.Digits.Times(1, digits));
}
