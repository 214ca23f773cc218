namespace InferenceServer.Models.Constraints.Regex;

/// <summary>Thompson's automaton of a regular expression: every state has one edge for characters, or up to several without.</summary>
internal sealed class Nfa
{
    private readonly List<State> _states = [];
    private readonly CompileBudget _budget;

    private Nfa(CompileBudget budget) => _budget = budget;

    private enum Guard
    {
        None,
        Start,
        End,
    }

    public int Begin { get; private set; }

    public int Final { get; private set; }

    public int Count => _states.Count;

    /// <param name="anywhere">Whether the expression may match any part of the text, as JSON Schema's patterns do; else all of it.</param>
    public static Nfa Of(RegexNode node, bool anywhere, CompileBudget budget)
    {
        var nfa = new Nfa(budget);
        nfa.Final = nfa.Add();
        var rest = RegexNode.Any.Times(0, null);
        nfa.Begin = nfa.Build(anywhere ? RegexNode.Join(rest, node, rest) : node, nfa.Final);
        return nfa;
    }

    /// <summary>The characters a state waits for, and where they lead; null where it waits for none.</summary>
    public (CharSet Set, int Next)? Edge(int state) => _states[state].Set is { } set ? (set, _states[state].Next[0]) : null;

    /// <summary>Adds to a set of states all that are reached without a character.</summary>
    public void Close(SortedSet<int> set, bool atStart, bool atEnd)
    {
        var open = new Stack<int>(set);
        while (open.TryPop(out var at))
        {
            var state = _states[at];
            if (state.Set is not null || (state.Guard == Guard.Start && !atStart) || (state.Guard == Guard.End && !atEnd)) continue;
            foreach (var next in state.Next)
            {
                if (set.Add(next)) open.Push(next);
            }
        }
    }

    // Builds what leads to a state, from behind to in front.
    private int Build(RegexNode node, int next)
    {
        switch (node)
        {
            case RegexNode.Chars chars:
                return Add(new State(chars.Set, Guard.None, [next]));
            case RegexNode.Sequence sequence:
                for (var i = sequence.Parts.Count - 1; i >= 0; i--) next = Build(sequence.Parts[i], next);
                return next;
            case RegexNode.Choice choice:
                return Add(new State(null, Guard.None, [.. choice.Branches.Select(branch => Build(branch, next))]));
            case RegexNode.Repeat repeat:
                return Repeat(repeat, next);
            case RegexNode.Start:
                return Add(new State(null, Guard.Start, [next]));
            case RegexNode.End:
                return Add(new State(null, Guard.End, [next]));
            default:
                throw new ArgumentException($"Unknown node {node.GetType().Name}.", nameof(node));
        }
    }

    private int Repeat(RegexNode.Repeat repeat, int next)
    {
        if (repeat.Max is not { } max)
        {
            var loop = Add();
            _states[loop] = new State(null, Guard.None, [Build(repeat.Of, loop), next]);
            next = loop;
        }
        else
        {
            var end = next;
            for (var i = repeat.Min; i < max; i++) next = Add(new State(null, Guard.None, [Build(repeat.Of, next), end]));
        }

        for (var i = 0; i < repeat.Min; i++) next = Build(repeat.Of, next);
        return next;
    }

    private int Add(State? state = null)
    {
        _budget.State();
        _states.Add(state ?? new State(null, Guard.None, []));
        return _states.Count - 1;
    }

    private sealed record State(CharSet? Set, Guard Guard, int[] Next);
}
