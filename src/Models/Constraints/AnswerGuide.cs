using InferenceServer.Models.Constraints.Grammars;
using InferenceServer.Models.Constraints.Tokens;

namespace InferenceServer.Models.Constraints;

/// <summary>One answer on its way through a constraint: which tokens may come next, moved on by each that came.</summary>
public sealed class AnswerGuide(AnswerConstraint constraint)
{
    private Configuration _at = constraint.Begin;

    /// <summary>Tokens that may come next; those that end the answer only where it is complete.</summary>
    /// <exception cref="ConstraintException">The vocabulary cannot spell what must come, or finding out takes too long.</exception>
    public TokenMask Allowed
    {
        get
        {
            var mask = constraint.Mask(_at);
            if (!mask.IsEmpty || IsFinal) return mask;
            throw new ConstraintException(ConstraintProblem.Unspellable, "The model's vocabulary cannot spell what the constraint asks for.");
        }
    }

    /// <summary>Whether the answer may end here.</summary>
    public bool IsComplete => _at.IsComplete;

    /// <summary>Whether it must end here: nothing can follow.</summary>
    public bool IsFinal => _at.IsComplete && _at.Places.Length == 0;

    /// <summary>A token of the answer was drawn; one that ends it is not given.</summary>
    /// <exception cref="InvalidOperationException">It was not allowed.</exception>
    public void Accept(int token) =>
        _at = constraint.Follow(_at, token) ?? throw new InvalidOperationException($"Token {token} is not allowed here by the answer's constraint.");

    /// <summary>The answer is begun again.</summary>
    public void Reset() => _at = constraint.Begin;
}
