using InferenceServer.Models.Constraints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Thinking;

/// <summary>
/// TPO (arXiv 2410.10630): thought and answer are ordinary text told apart by markers, here inside the program so that
/// nothing downstream ever sees a marker. Also serves models with think tags. A token is sent once all its text is
/// decided; one that holds thought and answer both is sent as thought, and its rest follows as a continuation.
/// </summary>
public sealed class Tpo : Plain
{
    // Longer than any marker in tokens, and cheap to decode.
    private const int PromptTail = 64;

    private readonly Queue<HeldToken> _held = [];
    private readonly SplitStart _start;
    private IDetokenizer _detokenizer;
    private MarkerSplitter _splitter;
    private int _resamples;

    public Tpo(GenerationRequest request, ProgramContext context)
        : base(request, context)
    {
        _start = request.ThoughtBudget == 0 ? SplitStart.Answer : context.Thinking.ThoughtFirst ? EndOfPrompt() : SplitStart.Before;
        _detokenizer = context.CreateDetokenizer();
        _splitter = new MarkerSplitter(context.Thinking, _start);
        if (request.Constraint is { } constraint) Guide = new AnswerGuide(GuidedThought.Before(constraint, context.Thinking, _start));
    }

    protected override bool IsAnswering => _splitter.Answering;

    protected override void OnToken(int token, in HeadResult result, ITokenSink sink)
    {
        if (EndsSequence(token))
        {
            Complete(FinishReason.Stop, sink);
            return;
        }

        var text = _detokenizer.Append(token);
        _held.Enqueue(new HeldToken(token, result, text.Length));
        Decide(_splitter.Append(text), sink);
        if (_splitter.Answering && _start != SplitStart.Answer) ThoughtClosedBy ??= Thinking.ThoughtClosedBy.Model;
    }

    protected override void Complete(FinishReason reason, ITokenSink sink)
    {
        // The most likely tokens would only be the same again.
        var missing = !_splitter.Answering && reason == FinishReason.Stop && Request.Answering.Temperature > 0;
        if (missing && Context.Thinking.ResampleMissingAnswer && _resamples < Context.Thinking.MaxResamples)
        {
            _resamples++;
            _splitter = new MarkerSplitter(Context.Thinking, _start);
            _detokenizer = Context.CreateDetokenizer();
            _held.Clear();
            sink.Restart(TokenChannel.Thought);
            StartOver();
            return;
        }

        Decide(_splitter.Append(_detokenizer.Flush()), sink);
        Decide(_splitter.Flush(), sink);
        while (_held.TryDequeue(out var silent)) Send(silent, _splitter.Answering, sink);
        base.Complete(reason, sink);
    }

    // A template may open the thought itself, or open and close it where none is wanted.
    private SplitStart EndOfPrompt()
    {
        var detokenizer = Context.CreateDetokenizer();
        var tail = string.Concat(Request.Prompt.TakeLast(PromptTail).Select(detokenizer.Append)).TrimEnd();
        bool EndsWithAny(IEnumerable<string> markers) => markers.Any(marker => tail.EndsWith(marker, StringComparison.Ordinal));
        return EndsWithAny(Context.Thinking.ThoughtMarkers) ? SplitStart.Thought
            : EndsWithAny(Context.Thinking.AnswerMarkers) ? SplitStart.Answer
            : SplitStart.Before;
    }

    private void Decide(IReadOnlyList<(SpanKind Kind, string Text)> spans, ITokenSink sink)
    {
        foreach (var (kind, text) in spans)
        {
            var from = 0;
            while (from < text.Length)
            {
                var length = text.Length - from;
                var token = _held.FirstOrDefault(held => held.Undecided > 0);
                if (token is not null) length = Math.Min(length, token.Undecided);
                var part = text.Substring(from, length);
                if (token is not null) token.Decide(kind, part);
                else if (kind != SpanKind.Marker) SendRest(kind, part, sink);
                from += length;
            }
        }

        SendDecided(sink);
    }

    // A token without text (part of a character) goes where the character goes, which the next one with text tells.
    private void SendDecided(ITokenSink sink)
    {
        while (_held.FirstOrDefault(held => held.HasText) is { Undecided: 0 } decided)
        {
            while (_held.TryPeek(out var silent) && silent != decided) Send(_held.Dequeue(), IsAnswer(decided), sink);
            Send(_held.Dequeue(), IsAnswer(decided), sink);
        }
    }

    // Text behind the last token's, which the detokenizer held until the end.
    private void SendRest(SpanKind kind, string text, ITokenSink sink)
    {
        SendDecided(sink);
        while (_held.TryDequeue(out var silent)) Send(silent, kind == SpanKind.Answer, sink);
        sink.EmitText(kind == SpanKind.Answer ? TokenChannel.Answer : TokenChannel.Thought, Spec.Layers.Count, text);
    }

    private bool IsAnswer(HeldToken token) => token.Thought.Length == 0 && (token.Answer.Length > 0 || (_splitter.Answering && !token.Marker));

    private void Send(HeldToken token, bool answer, ITokenSink sink)
    {
        if (answer)
        {
            sink.Emit(TokenChannel.Answer, Spec.Layers.Count, token.Id, token.Result, token.Answer);
            return;
        }

        sink.Emit(TokenChannel.Thought, Spec.Layers.Count, token.Id, token.Result, token.Thought);
        if (token.Answer.Length > 0) sink.EmitText(TokenChannel.Answer, Spec.Layers.Count, token.Answer);
    }

    /// <summary>A token whose text is not wholly decided yet, or that has none.</summary>
    private sealed class HeldToken(int id, in HeadResult result, int length)
    {
        public int Id => id;

        public HeadResult Result { get; } = result;

        public bool HasText { get; } = length > 0;

        public int Undecided { get; private set; } = length;

        public string Thought { get; private set; } = "";

        public string Answer { get; private set; } = "";

        public bool Marker { get; private set; }

        public void Decide(SpanKind kind, string text)
        {
            Undecided -= text.Length;
            if (kind == SpanKind.Thought) Thought += text;
            else if (kind == SpanKind.Answer) Answer += text;
            else Marker = true;
        }
    }
}
