using System.Text;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Streaming;

/// <summary>A stretch of one voice, as formats have it that send thought and answer as a list of blocks.</summary>
/// <param name="index">Its place among the passages of the choice that are shown, from 0.</param>
public sealed class Passage(TokenChannel channel, int index)
{
    private readonly StringBuilder _text = new();
    private readonly List<GenerationEvent.Token> _tokens = [];

    public int Index => index;

    public bool IsThought => channel == TokenChannel.Thought;

    public string Text => _text.ToString();

    public IReadOnlyList<GenerationEvent.Token> Tokens => _tokens;

    /// <summary>All of a complete choice. There is always an answer, if an empty one, unless the token limit came before it.</summary>
    public static IReadOnlyList<Passage> Of(ChoiceResult choice, bool showThoughts)
    {
        var passages = new List<Passage>();
        foreach (var token in choice.Tokens.Where(token => showThoughts || token.Channel == TokenChannel.Answer))
        {
            if (passages.Count == 0 || passages[^1].IsThought != (token.Channel == TokenChannel.Thought)) passages.Add(new Passage(token.Channel, passages.Count));
            passages[^1].Add(token);
        }

        if (LacksAnswer(choice.Finished!, passages.Exists(passage => !passage.IsThought))) passages.Add(new Passage(TokenChannel.Answer, passages.Count));
        return passages;
    }

    /// <summary>Whether a generation that has ended said nothing where it should have answered.</summary>
    public static bool LacksAnswer(GenerationEvent.Finished finished, bool answered) => !answered && finished.Reason != FinishReason.Length;

    public void Add(GenerationEvent.Token token)
    {
        _text.Append(token.Text);
        _tokens.Add(token);
    }
}
