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

    public void Emit(TokenChannel channel, int layer, int token, in HeadResult result, string? text = null, IReadOnlyList<LayerPeek>? peeks = null)
    {
        if (StopString is not null) return;
        // A thought is over once the answer goes on: what it held back belongs before the answer.
        if (channel == TokenChannel.Answer && _thought.Pending.Count > 0) Close(_thought);
        var state = State(channel);
        state.Layer = layer;
        text ??= state.Detokenizer.Append(token);
        Add(state, new GenerationEvent.Token(channel, layer, state.Count++, token, text, result.Logprob, result.Top, result.Mix) { Peeks = peeks });
    }

    public void Peek(TokenChannel channel, int index, LayerPeek peek)
    {
        // The token comes first; a thought that is looked at from above is over.
        if (channel == TokenChannel.Thought && _thought.Pending.Count > 0) Close(_thought);
        send(new GenerationEvent.Peeked(channel, index, peek));
    }

    public void PromptScored(IReadOnlyList<HeadResult> scores) => send(new GenerationEvent.PromptScored(scores));

    public void EmitText(TokenChannel channel, int layer, string text)
    {
        if (StopString is not null) return;
        var state = State(channel);
        state.Layer = layer;
        Add(state, Continuation(channel, state, text));
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
        Close(_thought);
        if (StopString is null) Close(_answer);
    }

    private void Close(ChannelState state)
    {
        var rest = state.Detokenizer.Flush();
        if (rest.Length > 0) Add(state, Continuation(state == _thought ? TokenChannel.Thought : TokenChannel.Answer, state, rest));
        Release(state, state.Pending.Count);
        state.Detokenizer = createDetokenizer();
    }

    private static GenerationEvent.Token Continuation(TokenChannel channel, ChannelState state, string text) =>
        new(channel, state.Layer, Math.Max(0, state.Count - 1), null, text, 0, [], 0);

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
        public IDetokenizer Detokenizer { get; set; } = detokenizer;

        public IReadOnlyList<string> Stop { get; } = stop;

        public List<GenerationEvent.Token> Pending { get; } = [];

        /// <summary>Of the newest token.</summary>
        public int Layer { get; set; }

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
