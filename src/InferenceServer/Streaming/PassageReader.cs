using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Models.Tools;
using InferenceServer.Requests;

namespace InferenceServer.Streaming;

/// <summary>Turns the tokens of one choice into passages, one at a time open, as they come.</summary>
/// <param name="callPrefix">What the ids of calls begin with.</param>
internal sealed class PassageReader(MappedRequest request, string callPrefix)
{
    private readonly CallReader? _calls = request.Tools is { } demand ? new(demand, request.Model.Tokenizer, callPrefix) : null;
    private readonly List<Passage> _passages = [];
    private readonly List<GenerationEvent.Token> _unsaid = []; // of the answer, whose text has not come out of the call reader
    private readonly List<GenerationEvent.Token> _later = []; // thoughts in the midst of a call, which stays whole
    private List<PassageStep> _steps = [];
    private Passage? _open;

    /// <summary>All that is shown, in order.</summary>
    public IReadOnlyList<Passage> Passages => _passages;

    /// <summary>All of a complete choice.</summary>
    public static IReadOnlyList<Passage> Read(ChoiceResult choice, MappedRequest request, string callPrefix)
    {
        var reader = new PassageReader(request, callPrefix);
        foreach (var token in choice.Tokens) reader.Add(token);
        reader.Finish(choice.Finished!);
        return reader.Passages;
    }

    /// <summary>What a token does, in order.</summary>
    public IReadOnlyList<PassageStep> Add(GenerationEvent.Token token)
    {
        _steps = [];
        if (token.Channel == TokenChannel.Thought)
        {
            if (!request.ShowThoughts) return _steps;
            if (_open?.Kind == PassageKind.Call) _later.Add(token);
            else Say(PassageKind.Thought, token.Text, [token]);
        }
        else if (_calls is null)
        {
            Say(PassageKind.Text, token.Text, [token]);
        }
        else
        {
            _unsaid.Add(token);
            Take(_calls.Add(token));
        }

        return _steps;
    }

    /// <summary>
    /// What the end does. There is always an answer, if an empty one, unless the token limit came before it.
    /// </summary>
    public IReadOnlyList<PassageStep> Finish(GenerationEvent.Finished finished)
    {
        _steps = [];
        if (_calls is not null) Take(_calls.Finish());
        var isCut = finished.Reason == FinishReason.Length;
        if (!isCut && _passages.TrueForAll(passage => passage.Kind == PassageKind.Thought)) Open(PassageKind.Text);
        if (_open?.Kind == PassageKind.Text && _unsaid.Count > 0) Say(PassageKind.Text, "", Unsaid());
        // A call is closed as soon as it is complete.
        while (_open is not null) Close(isCut || _open.Kind == PassageKind.Call);
        return _steps;
    }

    private void Take(IReadOnlyList<ToolPiece> pieces)
    {
        foreach (var piece in pieces)
        {
            switch (piece)
            {
                case ToolPiece.Content content:
                    Say(PassageKind.Text, content.Text, Unsaid());
                    break;
                case ToolPiece.Begun begun:
                    _unsaid.Clear();
                    Open(PassageKind.Call, begun.Name);
                    break;
                case ToolPiece.Arguments arguments:
                    _unsaid.Clear();
                    Say(PassageKind.Call, arguments.Text, []);
                    if (_calls!.IsComplete(arguments.Index)) Close(isCut: false);
                    break;
                default:
                    throw new InvalidOperationException($"Unknown piece {piece.GetType().Name}.");
            }
        }
    }

    private GenerationEvent.Token[] Unsaid()
    {
        GenerationEvent.Token[] tokens = [.. _unsaid];
        _unsaid.Clear();
        return tokens;
    }

    private void Say(PassageKind kind, string text, IReadOnlyList<GenerationEvent.Token> tokens)
    {
        if (_open?.Kind != kind) Open(kind);
        _open!.Add(text, tokens);
        _steps.Add(new PassageStep.Added(_open, text, tokens));
    }

    private void Open(PassageKind kind, string name = "")
    {
        while (_open is not null) Close(isCut: false);
        _open = new Passage(kind, _passages.Count) { Name = name, CallId = kind == PassageKind.Call ? _calls!.NewId() : "" };
        _passages.Add(_open);
        _steps.Add(new PassageStep.Opened(_open));
    }

    // Behind a call come the thoughts that came with it, as a passage that is open then.
    private void Close(bool isCut)
    {
        _open!.End(isCut);
        _steps.Add(new PassageStep.Closed(_open));
        _open = null;
        GenerationEvent.Token[] thoughts = [.. _later];
        _later.Clear();
        foreach (var thought in thoughts) Say(PassageKind.Thought, thought.Text, [thought]);
    }
}
