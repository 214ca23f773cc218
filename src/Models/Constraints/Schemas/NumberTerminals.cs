using System.Numerics;
using InferenceServer.Models.Constraints.Automata;
using InferenceServer.Models.Constraints.Regex;

namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>Numbers that satisfy several schemas.</summary>
internal static class NumberTerminals
{
    private const int WholeDigits = 15;
    private const int FractionDigits = 15;
    private const int IntegerDigits = 18;

    /// <returns>Null where there is none.</returns>
    public static Terminal? Of(IReadOnlyCollection<Schema> all, bool integer, CharDfaBuilder strings, CompileBudget budget)
    {
        var bounds = new List<(ExactNumber Number, RegexNode Node)>();
        foreach (var schema in all)
        {
            if (Number(schema, "minimum") is { } least) bounds.Add((least, NumberBounds.AtLeast(least, exclusive: false)));
            if (Number(schema, "exclusiveMinimum") is { } above) bounds.Add((above, NumberBounds.AtLeast(above, exclusive: true)));
            if (Number(schema, "maximum") is { } most) bounds.Add((most, NumberBounds.AtMost(most, exclusive: false)));
            if (Number(schema, "exclusiveMaximum") is { } below) bounds.Add((below, NumberBounds.AtMost(below, exclusive: true)));
        }

        var steps = all.Select(schema => Number(schema, "multipleOf")).OfType<ExactNumber>().Distinct().ToList();
        if (bounds.Count + steps.Count == 0) return integer ? Literals.Integer : Literals.Number;

        // Room for every digit a bound or step has.
        var texts = bounds.Select(bound => bound.Number.Text()).Concat(steps.Select(step => step.Text())).ToList();
        var whole = Math.Max(integer ? IntegerDigits : WholeDigits, texts.Max(text => text.Whole.Length) + 1);
        var fraction = Math.Max(FractionDigits, texts.Max(text => text.Fraction.Length) + 1);
        var numbers = strings.Of(integer ? NumberShapes.IntegerOf(whole) : NumberShapes.Decimal(whole, fraction));
        foreach (var (_, node) in bounds) numbers = strings.Intersect(numbers, strings.Of(node));
        foreach (var step in steps) numbers = strings.Intersect(numbers, Multiples(step, budget));
        return numbers.IsEmpty ? null : Utf8Expander.Text(numbers, budget);
    }

    private static ExactNumber? Number(Schema schema, string keyword) => schema[keyword] is { } json ? ExactNumber.Parse(json.GetRawText()) : null;

    /// <summary>
    /// Decimals that are a multiple of a step M·10^-k, by the remainder of the digits read so far: behind the point at most k
    /// digits, and any number of zeros.
    /// </summary>
    private static CharDfa Multiples(ExactNumber step, CompileBudget budget)
    {
        var limit = budget.Limits.States / (step.Scale + 3);
        if (step.Digits > limit) throw ConstraintException.TooComplex($"A 'multipleOf' may have {limit} steps at most, counted in its last digit.");
        var modulus = (int)step.Digits;
        var phases = step.Scale + 2; // before the point, and behind it with 0..k digits

        // Start, sign, then remainders by phase.
        int State(int phase, int remainder) => 2 + (phase * modulus) + remainder;
        var edges = new List<CharEdge[]>();
        var accepting = new List<bool>();
        var digits = Enumerable.Range(0, 10).Select(digit => new CharEdge('0' + digit, '0' + digit, State(0, digit % modulus))).ToArray();
        edges.Add([new CharEdge('-', '-', 1), .. digits]);
        edges.Add(digits);
        accepting.AddRange([false, false]);
        for (var phase = 0; phase < phases; phase++)
        {
            for (var remainder = 0; remainder < modulus; remainder++)
            {
                budget.State();
                var behind = Math.Max(0, phase - 1);
                var scaled = (int)(remainder * BigInteger.Pow(10, step.Scale - behind) % modulus);
                accepting.Add(scaled == 0);
                edges.Add([.. Following(phase, remainder)]);
            }
        }

        return CharDfa.Of(edges, accepting);

        IEnumerable<CharEdge> Following(int phase, int remainder)
        {
            if (phase == 0) yield return new CharEdge('.', '.', State(1, remainder));
            if (phase == phases - 1)
            {
                yield return new CharEdge('0', '0', State(phase, remainder));
                yield break;
            }

            for (var digit = 0; digit < 10; digit++)
            {
                var next = (int)((remainder * 10L + digit) % modulus);
                yield return new CharEdge('0' + digit, '0' + digit, State(phase == 0 ? 0 : phase + 1, next));
            }
        }
    }
}
