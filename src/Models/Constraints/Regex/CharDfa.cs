namespace InferenceServer.Models.Constraints.Regex;

/// <summary>Characters Lo to Hi lead to a state.</summary>
internal readonly record struct CharEdge(int Lo, int Hi, int Next);

/// <summary>
/// A set of strings as a deterministic automaton over Unicode scalar values. Only states from which the end can be reached
/// exist: whoever follows edges never gets stuck.
/// </summary>
internal sealed class CharDfa
{
    /// <param name="edges">Per state, sorted by character.</param>
    private CharDfa(CharEdge[][] edges, bool[] accepting) => (Edges, Accepting) = (edges, accepting);

    /// <summary>Per state, sorted by character and not overlapping. State 0 is the start.</summary>
    public CharEdge[][] Edges { get; }

    public bool[] Accepting { get; }

    /// <summary>No string at all.</summary>
    public bool IsEmpty => Edges.Length == 1 && Edges[0].Length == 0 && !Accepting[0];

    /// <summary>Whether it holds the empty string and nothing else.</summary>
    public bool IsOnlyEmptyString => Edges.Length == 1 && Edges[0].Length == 0 && Accepting[0];

    public static CharDfa All { get; } = new([[.. CharSet.All.Ranges.Select(range => new CharEdge(range.Lo, range.Hi, 0))]], [true]);

    /// <summary>What is left of an automaton without the states that lead nowhere.</summary>
    public static CharDfa Of(IReadOnlyList<CharEdge[]> edges, IReadOnlyList<bool> accepting)
    {
        var alive = Alive(edges, accepting);
        if (!alive[0]) return new CharDfa([[]], [false]);
        var number = new int[edges.Count];
        var count = 0;
        for (var state = 0; state < number.Length; state++) number[state] = alive[state] ? count++ : -1;
        var kept = new CharEdge[count][];
        var accepts = new bool[count];
        for (var state = 0; state < number.Length; state++)
        {
            if (!alive[state]) continue;
            kept[number[state]] = Joined(edges[state].Where(edge => alive[edge.Next]).Select(edge => edge with { Next = number[edge.Next] }));
            accepts[number[state]] = accepting[state];
        }

        return new CharDfa(kept, accepts);
    }

    public bool Matches(string text)
    {
        var state = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            state = Next(state, rune.Value);
            if (state < 0) return false;
        }

        return Accepting[state];
    }

    /// <summary>-1 where the character leads nowhere.</summary>
    public int Next(int state, int character)
    {
        foreach (var edge in Edges[state])
        {
            if (character >= edge.Lo && character <= edge.Hi) return edge.Next;
        }

        return -1;
    }

    private static bool[] Alive(IReadOnlyList<CharEdge[]> edges, IReadOnlyList<bool> accepting)
    {
        var before = new List<int>[edges.Count];
        for (var state = 0; state < before.Length; state++) before[state] = [];
        for (var state = 0; state < before.Length; state++)
        {
            foreach (var edge in edges[state]) before[edge.Next].Add(state);
        }

        var alive = new bool[edges.Count];
        var open = new Stack<int>();
        for (var state = 0; state < alive.Length; state++)
        {
            if (accepting[state]) open.Push(state);
        }

        while (open.TryPop(out var state))
        {
            if (alive[state]) continue;
            alive[state] = true;
            foreach (var previous in before[state]) open.Push(previous);
        }

        return alive;
    }

    private static CharEdge[] Joined(IEnumerable<CharEdge> edges)
    {
        var joined = new List<CharEdge>();
        foreach (var edge in edges)
        {
            if (joined.Count > 0 && joined[^1].Next == edge.Next && joined[^1].Hi + 1 == edge.Lo) joined[^1] = joined[^1] with { Hi = edge.Hi };
            else joined.Add(edge);
        }

        return [.. joined];
    }
}
