using System.Text;
using InferenceServer.Models.Engine;

namespace InferenceServer.Streaming;

/// <summary>What a passage is.</summary>
public enum PassageKind
{
    Thought,

    /// <summary>Of the answer.</summary>
    Text,

    /// <summary>Of a tool; the passage's text is its arguments.</summary>
    Call,
}

/// <summary>A thought, some of the answer's text or a call, as formats have it that send an answer as a list of blocks.</summary>
/// <param name="index">Its place among the passages of the choice that are shown, from 0.</param>
public sealed class Passage(PassageKind kind, int index)
{
    private readonly StringBuilder _text = new();
    private readonly List<GenerationEvent.Token> _tokens = [];

    public PassageKind Kind => kind;

    public int Index => index;

    /// <summary>What a call is answered by.</summary>
    public string CallId { get; init; } = "";

    /// <summary>Of the tool that is called.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether the generation ended before it did.</summary>
    public bool IsCut { get; private set; }

    public string Text => _text.ToString();

    /// <summary>Those the text is made of; none for a call.</summary>
    public IReadOnlyList<GenerationEvent.Token> Tokens => _tokens;

    internal void Add(string text, IReadOnlyList<GenerationEvent.Token> tokens)
    {
        _text.Append(text);
        _tokens.AddRange(tokens);
    }

    internal void End(bool isCut) => IsCut = isCut;
}

/// <summary>What happens to a passage.</summary>
internal abstract record PassageStep(Passage Passage)
{
    internal sealed record Opened(Passage Passage) : PassageStep(Passage);

    /// <param name="Text">May be empty, where a token has no text of its own.</param>
    /// <param name="Tokens">That came with it.</param>
    internal sealed record Added(Passage Passage, string Text, IReadOnlyList<GenerationEvent.Token> Tokens) : PassageStep(Passage);

    internal sealed record Closed(Passage Passage) : PassageStep(Passage);
}
