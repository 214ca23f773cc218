namespace InferenceServer.Models.Constraints.Grammars;

/// <summary>A grammar in which everything that is begun can be ended.</summary>
/// <param name="Symbols">All ways to write all rules, one after the other, each ended by null. A position is an index into it.</param>
/// <param name="Starts">Per rule, the positions its ways begin at.</param>
/// <param name="Begin">The position a text begins at.</param>
internal sealed record Grammar(Symbol?[] Symbols, int[][] Starts, int Begin)
{
    /// <summary>The same with one of these before it.</summary>
    public Grammar Behind(IReadOnlyList<Symbol[]> prefixes)
    {
        var symbols = new List<Symbol?>(Symbols);
        var starts = new int[prefixes.Count];
        for (var i = 0; i < starts.Length; i++)
        {
            starts[i] = symbols.Count;
            foreach (var symbol in prefixes[i]) symbols.Add(symbol);
            symbols.Add(Symbols[Begin]);
            symbols.Add(null);
        }

        var begin = symbols.Count;
        symbols.Add(Symbol.Of(Starts.Length));
        symbols.Add(null);
        return new Grammar([.. symbols], [.. Starts, starts], begin);
    }
}
