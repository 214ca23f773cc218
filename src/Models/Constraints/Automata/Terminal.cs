namespace InferenceServer.Models.Constraints.Automata;

/// <summary>
/// A set of byte strings, followed byte by byte. Every state can reach the end. Immutable; used by any number of threads.
/// </summary>
internal abstract class Terminal
{
    /// <summary>Where a byte leads that does not belong.</summary>
    public const int Dead = -1;

    /// <summary>The state before the first byte.</summary>
    public virtual int Start => 0;

    /// <summary>
    /// Terminals of one family share what is known about their states: states of equal <see cref="Key"/> behave the same for
    /// texts no longer than the key's horizon.
    /// </summary>
    public virtual object Family => this;

    public abstract int Next(int state, byte value);

    /// <summary>Whether the string may end here.</summary>
    public abstract bool Accepts(int state);

    /// <summary>Whether any byte can follow.</summary>
    public abstract bool Continues(int state);

    /// <param name="horizon">Bytes that will be followed from this state at most.</param>
    public virtual long Key(int state, int horizon) => state;
}
