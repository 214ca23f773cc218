using InferenceServer.Models.Constraints.Tokens;

namespace InferenceServer.Models.Constraints;

/// <summary>
/// One model's constraints, most recent first, so that a schema sent with every request is compiled once and its masks stay
/// known. Few are compiled at a time: schemas are the client's, and cost CPU before anything is admitted.
/// </summary>
public sealed class ConstraintCache(Func<Vocabulary> vocabulary) : IDisposable
{
    private const int Capacity = 32;
    private const int AtOnce = 2;

    private readonly LinkedList<(string Key, AnswerConstraint Constraint)> _recent = new();
    private readonly Dictionary<string, LinkedListNode<(string Key, AnswerConstraint Constraint)>> _nodes = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _compiling = new(AtOnce);
    private readonly Lazy<ConstraintCompiler> _compiler = new(() => new ConstraintCompiler(vocabulary()));
    private readonly Lock _lock = new();

    /// <param name="key">Says what is compiled: equal keys, equal constraints.</param>
    /// <exception cref="ConstraintException">It cannot be compiled.</exception>
    public async Task<AnswerConstraint> GetAsync(string key, Func<ConstraintCompiler, AnswerConstraint> compile, CancellationToken cancellation)
    {
        if (Find(key) is { } known) return known;
        await _compiling.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return Find(key) ?? Add(key, await Task.Run(() => compile(_compiler.Value), cancellation).ConfigureAwait(false));
        }
        finally
        {
            _compiling.Release();
        }
    }

    public void Dispose() => _compiling.Dispose();

    private AnswerConstraint? Find(string key)
    {
        lock (_lock)
        {
            if (!_nodes.TryGetValue(key, out var node)) return null;
            _recent.Remove(node);
            _recent.AddFirst(node);
            return node.Value.Constraint;
        }
    }

    private AnswerConstraint Add(string key, AnswerConstraint constraint)
    {
        lock (_lock)
        {
            if (_nodes.ContainsKey(key)) return constraint;
            _nodes[key] = _recent.AddFirst((key, constraint));
            if (_recent.Count > Capacity)
            {
                _nodes.Remove(_recent.Last!.Value.Key);
                _recent.RemoveLast();
            }

            return constraint;
        }
    }
}
