using InferenceServer.Models.Thinking;

namespace InferenceServer.Benchmarks.Serve;

/// <summary>When the tokens of one request came, in seconds since it was due.</summary>
internal sealed class StreamTrace
{
    private readonly List<double> _thoughts = [];
    private readonly List<double> _answers = [];

    /// <summary>What went wrong; null = it ended in order.</summary>
    public string? Error { get; set; }

    /// <summary>When it ended.</summary>
    public double End { get; set; }

    public int Tokens => _thoughts.Count + _answers.Count;

    /// <summary>To the first token of either voice.</summary>
    public double FirstToken => Math.Min(_thoughts.Count > 0 ? _thoughts[0] : double.PositiveInfinity, FirstAnswer);

    /// <summary>To the first token of the answer; infinite where none came.</summary>
    public double FirstAnswer => _answers.Count > 0 ? _answers[0] : double.PositiveInfinity;

    /// <summary>Seconds a token after the first of a voice; NaN for less than two tokens.</summary>
    public double PerThought => PerToken(_thoughts);

    /// <inheritdoc cref="PerThought"/>
    public double PerAnswer => PerToken(_answers);

    /// <summary>Gaps between tokens, in the order they came.</summary>
    public IEnumerable<double> Gaps
    {
        get
        {
            var all = _thoughts.Concat(_answers).Order().ToList();
            return all.Skip(1).Zip(all, (later, earlier) => later - earlier);
        }
    }

    public void Add(TokenChannel channel, double at) => (channel == TokenChannel.Thought ? _thoughts : _answers).Add(at);

    private static double PerToken(List<double> times) => times.Count > 1 ? (times[^1] - times[0]) / (times.Count - 1) : double.NaN;
}
