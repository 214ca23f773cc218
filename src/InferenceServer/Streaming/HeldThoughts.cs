using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Streaming;

/// <summary>
/// Keeps thoughts back until the answer begins, for wire formats that cannot take words back: a model that samples again
/// when no answer came (TPO) would otherwise be heard thinking twice.
/// </summary>
public sealed class HeldThoughts(bool holds)
{
    private readonly List<GenerationEvent.Token> _held = [];

    /// <summary>What may be sent now that this token is there, in order.</summary>
    public IEnumerable<GenerationEvent.Token> Add(GenerationEvent.Token token)
    {
        if (holds && token.Channel == TokenChannel.Thought)
        {
            _held.Add(token);
            return [];
        }

        return _held.Count == 0 ? [token] : [.. Release(), token];
    }

    /// <summary>The end: what is left.</summary>
    public IReadOnlyList<GenerationEvent.Token> Release()
    {
        GenerationEvent.Token[] released = [.. _held];
        _held.Clear();
        return released;
    }

    public void Restart() => _held.Clear();
}
