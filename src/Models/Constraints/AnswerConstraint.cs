using System.Collections.Concurrent;
using InferenceServer.Models.Constraints.Grammars;
using InferenceServer.Models.Constraints.Tokens;

namespace InferenceServer.Models.Constraints;

/// <summary>
/// What an answer must look like, compiled for one model's vocabulary. Immutable to its users: any number of answers, of any
/// requests, may be guided by it, and share what is found out on the way.
/// </summary>
public sealed class AnswerConstraint
{
    private readonly Grammar _grammar;
    private readonly Vocabulary _vocabulary;
    private readonly ConstraintLimits _limits;
    private readonly ConcurrentDictionary<object, AnswerConstraint> _behind = [];
    private readonly Automaton _automaton;
    private readonly MaskBuilder _masks;
    private readonly Lock _lock = new();

    internal AnswerConstraint(Grammar grammar, Vocabulary vocabulary, ConstraintLimits limits)
    {
        (_grammar, _vocabulary, _limits) = (grammar, vocabulary, limits);
        _automaton = new Automaton(grammar, limits.Threads);
        _masks = new MaskBuilder(vocabulary, _automaton, limits.MaskWork);
    }

    /// <summary>The same with something before it that is no part of the answer.</summary>
    /// <param name="key">Names the prefixes: equal keys, equal prefixes.</param>
    internal AnswerConstraint Behind(object key, Func<IReadOnlyList<Symbol[]>> prefixes) =>
        _behind.GetOrAdd(key, _ => new AnswerConstraint(_grammar.Behind(prefixes()), _vocabulary, _limits));

    internal Configuration Begin => _automaton.Begin;

    internal TokenMask Mask(Configuration at)
    {
        lock (_lock) return _masks.Of(at);
    }

    /// <summary>Where a token leads; null where it does not belong.</summary>
    internal Configuration? Follow(Configuration from, int token)
    {
        lock (_lock)
        {
            var at = from;
            foreach (var value in _vocabulary.Trie.BytesOf(token))
            {
                if (at.Next(value, _automaton) is not { } next) return null;
                at = next;
            }

            return at;
        }
    }
}
