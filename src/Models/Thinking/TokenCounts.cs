using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Thinking;

/// <summary>Counts the tokens of one sequence for its penalties. Costs nothing where none were asked for.</summary>
public sealed class TokenCounts
{
    private readonly GenerationRequest _request;
    private readonly HashSet<int> _read = [];
    private readonly Dictionary<int, int>[] _counts = [[], []];
    private readonly bool _needed;

    public TokenCounts(GenerationRequest request)
    {
        _request = request;
        _needed = request.Answering.Penalizes || request.Thinking.Penalizes;
        Read(request.Prompt);
    }

    /// <summary>A token was drawn on this channel.</summary>
    public void Add(TokenChannel channel, int token)
    {
        if (!_needed) return;
        var counts = _counts[(int)channel];
        counts[token] = counts.GetValueOrDefault(token) + 1;
    }

    /// <summary>What was drawn on this channel is thrown away.</summary>
    public void Forget(TokenChannel channel) => _counts[(int)channel].Clear();

    /// <summary>Tokens the model reads but did not draw: the prompt, and a thought the client supplies in place of an earlier one.</summary>
    public void Replace(IReadOnlyList<int> thought)
    {
        foreach (var counts in _counts) counts.Clear();
        _read.Clear();
        Read(_request.Prompt);
        Read(thought);
    }

    /// <summary>For the next draw on this channel: a copy, since the step that reads it may run beside others.</summary>
    public TokenPenalties? Penalties(TokenChannel channel)
    {
        var options = channel == TokenChannel.Thought ? _request.Thinking : _request.Answering;
        if (!options.Penalizes) return null;
        var counts = options is { FrequencyPenalty: 0, PresencePenalty: 0 } ? [] : new Dictionary<int, int>(_counts[(int)channel]);
        var seen = new HashSet<int>();
        if (options.RepetitionPenalty != 1)
        {
            seen.UnionWith(_read);
            foreach (var drawn in _counts) seen.UnionWith(drawn.Keys);
        }

        return new TokenPenalties(options.RepetitionPenalty, options.FrequencyPenalty, options.PresencePenalty, seen, counts);
    }

    private void Read(IReadOnlyList<int> tokens)
    {
        if (_needed) _read.UnionWith(tokens);
    }
}
