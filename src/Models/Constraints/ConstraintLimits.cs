namespace InferenceServer.Models.Constraints;

/// <summary>What compiling one constraint, and drawing one token under it, may cost.</summary>
public sealed record ConstraintLimits
{
    public static ConstraintLimits Default { get; } = new();

    /// <summary>UTF-8 bytes of a schema.</summary>
    public int SchemaBytes { get; init; } = 256 * 1024;

    /// <summary>Subschemas reached, references followed.</summary>
    public int Schemas { get; init; } = 10_000;

    /// <summary>Symbols of all rules of the grammar.</summary>
    public int Symbols { get; init; } = 200_000;

    /// <summary>Branches of one <c>anyOf</c> or <c>oneOf</c> that are not mere values.</summary>
    public int Branches { get; init; } = 256;

    /// <summary>The largest <c>maxItems</c>, <c>minItems</c>, <c>minProperties</c> and <c>maxProperties</c>.</summary>
    public int Items { get; init; } = 1024;

    /// <summary>States of all automata together, nondeterministic ones and those in between included.</summary>
    public int States { get; init; } = 200_000;

    /// <summary>Ranges of characters on the edges of all automata together, and other small steps of the work.</summary>
    public int Edges { get; init; } = 2_000_000;

    /// <summary>A last resort: the other limits bound the work, which a busy machine takes longer for.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Nodes of the vocabulary's trie visited for one mask.</summary>
    public int MaskWork { get; init; } = 8_000_000;

    /// <summary>Places in the grammar a text may be at simultaneously.</summary>
    public int Threads { get; init; } = 4096;
}
