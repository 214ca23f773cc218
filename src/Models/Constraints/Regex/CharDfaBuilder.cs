namespace InferenceServer.Models.Constraints.Regex;

/// <summary>Makes automata of strings: from expressions and words, and from other automata.</summary>
internal sealed class CharDfaBuilder(CompileBudget budget)
{
    /// <summary>Strings in which the pattern is found.</summary>
    /// <exception cref="ConstraintException">It is no regular expression, or too large.</exception>
    public CharDfa Pattern(string pattern) => Of(RegexParser.Parse(pattern), anywhere: true);

    /// <summary>The subset construction.</summary>
    public CharDfa Of(RegexNode node, bool anywhere = false)
    {
        var nfa = Nfa.Of(node, anywhere, budget);
        var edges = new List<CharEdge[]>();
        var accepting = new List<bool>();
        var sets = new List<SortedSet<int>>();
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);

        int Number(SortedSet<int> set, bool atStart)
        {
            nfa.Close(set, atStart, atEnd: false);
            var key = $"{(atStart ? "^" : "")}{string.Join(',', set)}";
            if (numbers.TryGetValue(key, out var known)) return known;
            budget.State();
            budget.Edge(set.Count);
            var atEnd = new SortedSet<int>(set);
            nfa.Close(atEnd, atStart, atEnd: true);
            sets.Add(set);
            accepting.Add(atEnd.Contains(nfa.Final));
            return numbers[key] = sets.Count - 1;
        }

        Number([nfa.Begin], atStart: true);
        for (var state = 0; state < sets.Count; state++)
        {
            var waiting = sets[state].Select(nfa.Edge).OfType<(CharSet Set, int Next)>().ToList();
            edges.Add([.. Split(waiting).Select(part => new CharEdge(part.Range.Lo, part.Range.Hi, Number(part.Next, atStart: false)))]);
        }

        return CharDfa.Of(edges, accepting);
    }

    /// <summary>Strings of this many characters.</summary>
    public CharDfa Length(int min, int? max) => Of(RegexNode.Any.Times(min, max));

    public CharDfa Intersect(CharDfa left, CharDfa right) => Product(left, right, (one, other) => one && other, needsRight: true);

    /// <summary>Strings of the first that the second does not hold.</summary>
    public CharDfa Except(CharDfa left, CharDfa right) => Product(left, right, (one, other) => one && !other, needsRight: false);

    /// <summary>These words and no others.</summary>
    public CharDfa Words(IEnumerable<string> words)
    {
        var children = new List<SortedDictionary<int, int>> { new() };
        var accepting = new List<bool> { false };
        foreach (var word in words)
        {
            var at = 0;
            foreach (var rune in word.EnumerateRunes())
            {
                if (!children[at].TryGetValue(rune.Value, out var next))
                {
                    budget.State();
                    next = children.Count;
                    children[at][rune.Value] = next;
                    children.Add([]);
                    accepting.Add(false);
                }

                at = next;
            }

            accepting[at] = true;
        }

        return CharDfa.Of([.. children.Select(edges => edges.Select(edge => new CharEdge(edge.Key, edge.Key, edge.Value)).ToArray())], accepting);
    }

    private CharDfa Product(CharDfa left, CharDfa right, Func<bool, bool, bool> accepts, bool needsRight)
    {
        var edges = new List<CharEdge[]>();
        var accepting = new List<bool>();
        var pairs = new List<(int Left, int Right)>();
        var numbers = new Dictionary<(int, int), int>();

        int Number(int one, int other)
        {
            if (numbers.TryGetValue((one, other), out var known)) return known;
            budget.State();
            pairs.Add((one, other));
            accepting.Add(accepts(left.Accepting[one], other >= 0 && right.Accepting[other]));
            return numbers[(one, other)] = pairs.Count - 1;
        }

        Number(0, 0);
        for (var state = 0; state < pairs.Count; state++)
        {
            var (one, other) = pairs[state];
            var joint = new List<CharEdge>();
            foreach (var edge in left.Edges[one])
            {
                foreach (var (lo, hi, next) in Cut(edge, other < 0 ? [] : right.Edges[other]))
                {
                    if (next >= 0 || !needsRight) joint.Add(new CharEdge(lo, hi, Number(edge.Next, next)));
                }
            }

            budget.Edge(joint.Count);
            edges.Add([.. joint]);
        }

        return CharDfa.Of(edges, accepting);
    }

    // One edge cut at the borders of others; -1 where none of them is.
    private static IEnumerable<(int Lo, int Hi, int Next)> Cut(CharEdge edge, CharEdge[] others)
    {
        var lo = edge.Lo;
        foreach (var other in others)
        {
            if (other.Hi < lo) continue;
            if (other.Lo > edge.Hi) break;
            if (other.Lo > lo) yield return (lo, other.Lo - 1, -1);
            var hi = Math.Min(other.Hi, edge.Hi);
            yield return (Math.Max(other.Lo, lo), hi, other.Next);
            lo = hi + 1;
        }

        if (lo <= edge.Hi) yield return (lo, edge.Hi, -1);
    }

    /// <summary>The characters that states wait for, cut into ranges that lead to the same set of states.</summary>
    private List<(CharRange Range, SortedSet<int> Next)> Split(List<(CharSet Set, int Next)> waiting)
    {
        var borders = new List<(int At, int Next, bool Opens)>();
        foreach (var (set, next) in waiting)
        {
            foreach (var range in set.Ranges)
            {
                borders.Add((range.Lo, next, true));
                borders.Add((range.Hi + 1, next, false));
            }
        }

        budget.Edge(borders.Count);
        borders.Sort((left, right) => left.At.CompareTo(right.At));
        var open = new Dictionary<int, int>();
        var parts = new List<(CharRange, SortedSet<int>)>();
        for (var i = 0; i < borders.Count;)
        {
            var at = borders[i].At;
            for (; i < borders.Count && borders[i].At == at; i++)
            {
                var count = open.GetValueOrDefault(borders[i].Next) + (borders[i].Opens ? 1 : -1);
                if (count > 0) open[borders[i].Next] = count;
                else open.Remove(borders[i].Next);
            }

            if (open.Count > 0) parts.Add((new CharRange(at, borders[i].At - 1), [.. open.Keys]));
        }

        return parts;
    }
}
