using InferenceServer.Models.Constraints.Regex;

namespace InferenceServer.Models.Constraints.Automata;

/// <summary>Numbers at or beyond a bound, by comparing digits from the left.</summary>
internal static class NumberBounds
{
    private static readonly RegexNode AnyFraction = RegexNode.Join(RegexNode.Text("."), RegexNode.Digits.Times(1, null)).Optional();

    private static readonly RegexNode AnyDigits = RegexNode.Digits.Times(0, null);

    private static readonly RegexNode AnyWhole = RegexNode.Digits.Times(1, null);

    /// <summary>Decimals that are not below (or, exclusively, above) the bound. Leading zeros are another automaton's business.</summary>
    public static RegexNode AtLeast(ExactNumber bound, bool exclusive)
    {
        if (bound.Digits.Sign > 0) return Above(bound, exclusive);
        var positive = RegexNode.Join(AnyWhole, AnyFraction);
        if (bound.Digits.IsZero && exclusive) return Above(bound, exclusive: true);
        return RegexNode.OneOf(positive, RegexNode.Join(NumberShapes.Minus, Below(bound.Negated, exclusive)));
    }

    /// <summary>Decimals that are not above (or, exclusively, below) the bound.</summary>
    public static RegexNode AtMost(ExactNumber bound, bool exclusive)
    {
        var negative = RegexNode.Join(NumberShapes.Minus, bound.Digits.Sign < 0 ? Above(bound.Negated, exclusive) : RegexNode.Join(AnyWhole, AnyFraction));
        if (bound.Digits.Sign < 0) return negative;
        if (!bound.Digits.IsZero || !exclusive) return RegexNode.OneOf(negative, Below(bound, exclusive));
        // Below zero: a minus, and not a zero of any spelling.
        return RegexNode.Join(NumberShapes.Minus, Above(bound, exclusive: true));
    }

    // Magnitudes at or above a bound of any size.
    private static RegexNode Above(ExactNumber bound, bool exclusive)
    {
        var (whole, fraction) = bound.Text();
        var branches = new List<RegexNode> { RegexNode.Join(Digit('1', '9'), RegexNode.Digits.Times(whole.Length, null), AnyFraction) };
        for (var i = 0; i < whole.Length; i++)
        {
            if (whole[i] < '9')
                branches.Add(RegexNode.Join(RegexNode.Text(whole[..i]), Digit((char)(whole[i] + 1), '9'), RegexNode.Digits.Times(whole.Length - i - 1, whole.Length - i - 1), AnyFraction));
        }

        // The same whole part: the fraction decides.
        if (fraction.Length == 0 && !exclusive) branches.Add(RegexNode.Join(RegexNode.Text(whole), AnyFraction));
        var same = RegexNode.Text(whole + ".");
        for (var i = 0; i < fraction.Length; i++)
        {
            if (fraction[i] < '9') branches.Add(RegexNode.Join(same, RegexNode.Text(fraction[..i]), Digit((char)(fraction[i] + 1), '9'), AnyDigits));
        }

        if (exclusive) branches.Add(RegexNode.Join(same, RegexNode.Text(fraction), AnyDigits, Digit('1', '9'), AnyDigits));
        else if (fraction.Length > 0) branches.Add(RegexNode.Join(same, RegexNode.Text(fraction), AnyDigits));
        return RegexNode.OneOf(branches);
    }

    // Magnitudes at or below a bound of any size.
    private static RegexNode Below(ExactNumber bound, bool exclusive)
    {
        var (whole, fraction) = bound.Text();
        var branches = new List<RegexNode>();
        if (whole.Length > 1) branches.Add(RegexNode.Join(RegexNode.Digits.Times(1, whole.Length - 1), AnyFraction));
        for (var i = 0; i < whole.Length; i++)
        {
            if (whole[i] > '0')
                branches.Add(RegexNode.Join(RegexNode.Text(whole[..i]), Digit('0', (char)(whole[i] - 1)), RegexNode.Digits.Times(whole.Length - i - 1, whole.Length - i - 1), AnyFraction));
        }

        var zeros = RegexNode.Text("0").Times(0, null);
        var same = RegexNode.Text(whole + ".");
        if (!exclusive || fraction.Length > 0) branches.Add(RegexNode.Text(whole));
        for (var i = 0; i < fraction.Length; i++)
        {
            // Cut short it is smaller already.
            if (i > 0) branches.Add(RegexNode.Join(same, RegexNode.Text(fraction[..i])));
            if (fraction[i] > '0') branches.Add(RegexNode.Join(same, RegexNode.Text(fraction[..i]), Digit('0', (char)(fraction[i] - 1)), AnyDigits));
        }

        if (!exclusive)
            branches.Add(fraction.Length > 0 ? RegexNode.Join(same, RegexNode.Text(fraction), zeros) : RegexNode.Join(same, RegexNode.Text("0").Times(1, null)));
        return branches.Count == 0 ? new RegexNode.Chars(CharSet.Empty) : RegexNode.OneOf(branches);
    }

    private static RegexNode.Chars Digit(char lo, char hi) => new(CharSet.Of(lo, hi));
}
