using InferenceServer.Models.Constraints.Automata;

namespace InferenceServer.Models.Constraints.Grammars;

/// <summary>Something a rule is made of: a terminal, or another rule.</summary>
internal readonly record struct Symbol(Terminal? Terminal, int Rule)
{
    public static implicit operator Symbol(Terminal terminal) => new(terminal, -1);

    public static Symbol Of(int rule) => new(null, rule);
}

/// <summary>Collects the rules of a context-free grammar. Rules may refer to each other in any order, and to themselves.</summary>
internal sealed class GrammarBuilder(CompileBudget budget)
{
    private readonly List<List<Symbol[]>> _rules = [];

    public int NewRule()
    {
        budget.Symbol();
        _rules.Add([]);
        return _rules.Count - 1;
    }

    /// <summary>One more way to write the rule: these symbols one after the other, or nothing.</summary>
    public void Add(int rule, params Symbol[] symbols)
    {
        budget.Symbol(symbols.Length + 1);
        _rules[rule].Add(symbols);
    }

    /// <summary>A rule with one way to write it.</summary>
    public Symbol Rule(params Symbol[] symbols)
    {
        var rule = NewRule();
        Add(rule, symbols);
        return Symbol.Of(rule);
    }

    /// <summary>A rule that may be written in any of these ways.</summary>
    public Symbol OneOf(params IEnumerable<Symbol[]> branches)
    {
        var rule = NewRule();
        foreach (var branch in branches) Add(rule, branch);
        return Symbol.Of(rule);
    }

    /// <summary>Whether anything can be written to its end.</summary>
    public bool CanEnd(Symbol symbol) => symbol.Terminal is not null || Finite()[symbol.Rule];

    /// <summary>The grammar of a rule, without what can never be written to its end.</summary>
    /// <exception cref="ConstraintException">Nothing can be written at all.</exception>
    public Grammar Build(Symbol root)
    {
        var finite = Finite();
        if (root.Terminal is null && !finite[root.Rule]) throw ConstraintException.Unsatisfiable("Nothing can satisfy it.");
        var symbols = new List<Symbol?>();
        var starts = new int[_rules.Count][];
        for (var rule = 0; rule < _rules.Count; rule++)
        {
            starts[rule] = [.. _rules[rule].Where(symbols => Array.TrueForAll(symbols, symbol => symbol.Terminal is not null || finite[symbol.Rule])).Select(Append)];
        }

        var begin = Append([root]);
        return new Grammar([.. symbols], starts, begin);

        int Append(Symbol[] written)
        {
            var at = symbols.Count;
            foreach (var symbol in written) symbols.Add(symbol);
            symbols.Add(null);
            return at;
        }
    }

    // A rule can end if some way to write it holds only rules that can.
    private bool[] Finite()
    {
        var finite = new bool[_rules.Count];
        var users = new Dictionary<int, List<(int Rule, int Branch)>>();
        var missing = _rules.Select(branches => branches.Select(symbols => symbols.Count(symbol => symbol.Terminal is null)).ToArray()).ToArray();
        var open = new Stack<int>();
        for (var rule = 0; rule < _rules.Count; rule++)
        {
            for (var branch = 0; branch < _rules[rule].Count; branch++)
            {
                if (missing[rule][branch] == 0) Mark(rule);
                foreach (var symbol in _rules[rule][branch].Where(symbol => symbol.Terminal is null))
                {
                    if (!users.TryGetValue(symbol.Rule, out var list)) users[symbol.Rule] = list = [];
                    list.Add((rule, branch));
                }
            }
        }

        while (open.TryPop(out var done))
        {
            foreach (var (rule, branch) in users.GetValueOrDefault(done) ?? [])
            {
                if (--missing[rule][branch] == 0) Mark(rule);
            }
        }

        return finite;

        void Mark(int rule)
        {
            if (finite[rule]) return;
            finite[rule] = true;
            open.Push(rule);
        }
    }
}
