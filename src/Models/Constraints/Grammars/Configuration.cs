using InferenceServer.Models.Constraints.Tokens;

namespace InferenceServer.Models.Constraints.Grammars;

/// <summary>All ways to understand the text so far. Equal texts lead to the same one, so that what is found out about it is found once.</summary>
internal sealed class Configuration(Place[] places, bool isComplete)
{
    private Configuration?[]? _next;

    /// <summary>None: nothing can follow.</summary>
    public Place[] Places => places;

    /// <summary>Whether the text may end here.</summary>
    public bool IsComplete => isComplete;

    /// <summary>The tokens that may follow, once that is known.</summary>
    public TokenMask? Mask { get; set; }

    /// <summary>Where a byte leads; computed by the automaton, remembered here. Null where the byte does not belong.</summary>
    public Configuration? Next(byte value, Automaton automaton)
    {
        var table = _next;
        if (table is null)
        {
            automaton.Grew();
            _next = table = new Configuration?[256];
        }

        var next = table[value] ??= automaton.Step(this, value);
        return ReferenceEquals(next, Automaton.Nowhere) ? null : next;
    }

    public void Forget()
    {
        _next = null;
        Mask = null;
    }
}
