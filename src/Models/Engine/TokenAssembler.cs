using InferenceServer.Models.Decoding;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Engine;

/// <summary>
/// Turns accepted tokens into events: detokenises each channel, holds a token back while its text is incomplete or may
/// be the beginning of a stop string, and cuts the answer at the first stop string.
/// </summary>
internal sealed class TokenAssembler(GenerationRequest request, Func<IDetokenizer> createDetokenizer, Action<GenerationEvent> send)
    : ITokenSink
{
    private readonly ChannelState _thought = new(createDetokenizer(), []);
    private readonly ChannelState _answer = new(createDetokenizer(), request.Stop);

    /// <summary>Set when a stop string ended the answer; nothing may be emitted after it.</summary>
    public string? StopString { get; private set; }

    public GenerationUsage Usage => new(request.Prompt.Count, _thought.Sent, _answer.Sent);

    public void Emit(TokenChannel channel, int layer, int token, in HeadResult result, string? text = null)
    {
        if (StopString is not null) return;
        var state = State(channel);
        text ??= state.Detokenizer.Append(token);
        Add(state, new GenerationEvent.Token(channel, layer, state.Count++, token, text, result.Logprob, result.Top, result.Mix));
    }

    public void EmitText(TokenChannel channel, int layer, string text)
    {
        if (StopString is not null) return;
        var state = State(channel);
        Add(state, new GenerationEvent.Token(channel, layer, Math.Max(0, state.Count - 1), null, text, 0, [], 0));
    }

    public void Restart(TokenChannel channel)
    {
        if (channel == TokenChannel.Thought) _thought.Clear(createDetokenizer());
        else _answer.Clear(createDetokenizer());
        send(new GenerationEvent.Restarted(channel));
    }

    /// <summary>Sends what is still held back: nothing generated is lost.</summary>
    public void Complete()
    {
        foreach (var state in new[] { _thought, _answer })
        {
            var rest = StopString is null ? state.Detokenizer.Flush() : "";
            if (rest.Length > 0 && state.Pending.Count > 0) state.Pending[^1] = state.Pending[^1] with { Text = state.Pending[^1].Text + rest };
            Release(state, state.Pending.Count);
        }
    }

    private void Add(ChannelState state, GenerationEvent.Token token)
    {
        state.Pending.Add(token);
        var text = string.Concat(state.Pending.Select(pending => pending.Text));
        if (StopStrings.Find(text, state.Stop) is { } match)
        {
            StopString = match.Stop;
            CutAt(state, match.At);
            return;
        }

        // Whole tokens only, and one without text waits for the token that completes its character.
        var certain = text.Length - StopStrings.PossibleStart(text, state.Stop);
        var length = 0;
        var count = 0;
        for (var i = 0; i < state.Pending.Count; i++)
        {
            length += state.Pending[i].Text.Length;
            if (length <= certain && state.Pending[i].Text.Length > 0) count = i + 1;
        }

        Release(state, count);
    }

    private void CutAt(ChannelState state, int length)
    {
        var count = 0;
        foreach (var token in state.Pending)
        {
            if (length == 0) break;
            if (token.Text.Length > length) state.Pending[count] = token with { Text = token.Text[..length] };
            length -= state.Pending[count].Text.Length;
            count++;
            if (length == 0) break;
        }

        Release(state, count);
        state.Pending.Clear();
    }

    private void Release(ChannelState state, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (state.Pending[i].TokenId is not null) state.Sent++;
            send(state.Pending[i]);
        }

        state.Pending.RemoveRange(0, count);
    }

    private ChannelState State(TokenChannel channel) => channel == TokenChannel.Thought ? _thought : _answer;

    private sealed class ChannelState(IDetokenizer detokenizer, IReadOnlyList<string> stop)
    {
        public IDetokenizer Detokenizer { get; private set; } = detokenizer;

        public IReadOnlyList<string> Stop { get; } = stop;

        public List<GenerationEvent.Token> Pending { get; } = [];

        /// <summary>Tokens emitted by the program.</summary>
        public int Count { get; set; }

        /// <summary>Tokens sent to the reader.</summary>
        public int Sent { get; set; }

        public void Clear(IDetokenizer detokenizer)
        {
            Detokenizer = detokenizer;
            Pending.Clear();
            Count = Sent = 0;
        }
    }
}
