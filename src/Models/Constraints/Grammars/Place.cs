using InferenceServer.Models.Constraints.Automata;

namespace InferenceServer.Models.Constraints.Grammars;

/// <summary>What is to be written once something is complete: the grammar from a position on, then what the next one says.</summary>
/// <param name="Id">The same for equal stacks.</param>
internal sealed record Rest(int Id, int Position, Rest? Next)
{
    public bool Equals(Rest? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => Id;
}

/// <summary>One way to understand the text so far: inside a terminal, in this state of it; behind it comes the rest.</summary>
internal readonly record struct Place(Terminal Terminal, int State, Rest Rest);
