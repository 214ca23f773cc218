namespace InferenceServer.Models.Constraints;

/// <summary>What is wrong with a schema or pattern.</summary>
public enum ConstraintProblem
{
    /// <summary>It is no JSON Schema, or holds no regular expression where one must be.</summary>
    Invalid,

    /// <summary>It asks for something that cannot be enforced while tokens are drawn.</summary>
    Unsupported,

    /// <summary>Nothing can ever satisfy it.</summary>
    Unsatisfiable,

    /// <summary>It needs more memory or time than a request may take.</summary>
    TooComplex,

    /// <summary>The model's vocabulary cannot spell what it asks for.</summary>
    Unspellable,
}

/// <summary>A constraint that cannot be made; the message says where and why.</summary>
public sealed class ConstraintException(ConstraintProblem problem, string message) : Exception(message)
{
    public ConstraintProblem Problem => problem;

    internal static ConstraintException Invalid(string message) => new(ConstraintProblem.Invalid, message);

    internal static ConstraintException Unsupported(string message) => new(ConstraintProblem.Unsupported, message);

    internal static ConstraintException Unsatisfiable(string message) => new(ConstraintProblem.Unsatisfiable, message);

    internal static ConstraintException TooComplex(string message) => new(ConstraintProblem.TooComplex, message);
}
