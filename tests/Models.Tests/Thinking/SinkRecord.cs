using InferenceServer.Models.Decoding;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>A token as its program emitted it. Logprob and mix are compared bit for bit.</summary>
internal sealed record EmittedToken(TokenChannel Channel, int Layer, int Token, float Logprob, float Mix, string? Text);

/// <summary>Records what a program says, and forgets what it declares void.</summary>
internal sealed class SinkRecord : ITokenSink
{
    private readonly Dictionary<TokenChannel, string> _text = new() { [TokenChannel.Thought] = "", [TokenChannel.Answer] = "" };

    public List<EmittedToken> Tokens { get; } = [];

    /// <summary>What other heads made of a token, in the order it was told.</summary>
    public List<(TokenChannel Channel, int Index, LayerPeek Peek)> Peeks { get; } = [];

    public List<TokenChannel> Restarts { get; } = [];

    /// <summary>The prompt's scores; null until they were told.</summary>
    public IReadOnlyList<HeadResult>? Scores { get; private set; }

    public IEnumerable<int> Thought => Of(TokenChannel.Thought);

    public IEnumerable<int> Answer => Of(TokenChannel.Answer);

    /// <summary>Everything said on a channel, where the program splits text itself.</summary>
    public string Text(TokenChannel channel) => _text[channel];

    public void Emit(TokenChannel channel, int layer, int token, in HeadResult result, string? text = null, IReadOnlyList<LayerPeek>? peeks = null)
    {
        foreach (var peek in peeks ?? []) Peek(channel, Of(channel).Count(), peek);
        Tokens.Add(new EmittedToken(channel, layer, token, result.Logprob, result.Mix, text));
        _text[channel] += text;
    }

    public void Peek(TokenChannel channel, int index, LayerPeek peek) => Peeks.Add((channel, index, peek));

    /// <summary>To the bit.</summary>
    public static void AssertSame(IReadOnlyList<HeadResult>? expected, IReadOnlyList<HeadResult>? found)
    {
        Assert.Equal(expected?.Select(score => (score.Token, score.Logprob, score.Rank)), found?.Select(score => (score.Token, score.Logprob, score.Rank)));
        Assert.Equal(expected?.SelectMany(score => score.Top), found?.SelectMany(score => score.Top));
    }

    public void PromptScored(IReadOnlyList<HeadResult> scores)
    {
        Assert.Null(Scores);
        Scores = scores;
    }

    public void EmitText(TokenChannel channel, int layer, string text) => _text[channel] += text;

    public void Restart(TokenChannel channel)
    {
        Tokens.RemoveAll(token => token.Channel == channel);
        Peeks.RemoveAll(peek => peek.Channel == channel);
        _text[channel] = "";
        Restarts.Add(channel);
    }

    private IEnumerable<int> Of(TokenChannel channel) => Tokens.Where(token => token.Channel == channel).Select(token => token.Token);
}
