using System.Text;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Streaming;

/// <summary>The many small thoughts of a choice in a few numbers (Quiet-STaR thinks before each answer token).</summary>
/// <param name="Thoughts">How many there were.</param>
/// <param name="Tokens">Tokens of all of them.</param>
/// <param name="MeanWeight">Mean weight of the thoughts in the predictions they led to; the weight is not bounded.</param>
/// <param name="Strongest">Those with the largest weights, the largest first.</param>
public sealed record ThoughtSummary(int Thoughts, int Tokens, float MeanWeight, float MinWeight, float MaxWeight, IReadOnlyList<WeighedThought> Strongest);

/// <param name="Index">The answer token it was thought for, from 0; the last one may have ended the answer instead.</param>
public sealed record WeighedThought(int Index, string Text, float Weight);

/// <summary>Adds up a choice's thoughts as they come.</summary>
public sealed class ThoughtSummarizer
{
    private const int Most = 3;

    private readonly StringBuilder _text = new();
    private readonly List<WeighedThought> _strongest = [];
    private int _thoughts;
    private int _tokens;
    private int _answers;
    private double _sum;
    private float _min = float.PositiveInfinity;
    private float _max = float.NegativeInfinity;
    private float? _weight; // of the thought under way

    /// <summary>All of a complete choice.</summary>
    public static ThoughtSummary? Of(ChoiceResult choice)
    {
        var summarizer = new ThoughtSummarizer();
        foreach (var token in choice.Tokens) summarizer.Add(token);
        return summarizer.Result();
    }

    /// <summary>The next token of either channel, in the order they were made.</summary>
    public void Add(GenerationEvent.Token token)
    {
        if (token.Channel == TokenChannel.Answer)
        {
            Close();
            if (token.TokenId is not null) _answers++;
            return;
        }

        _text.Append(token.Text);
        if (token.TokenId is null) return;
        _tokens++;
        _weight = token.Mix;
    }

    /// <summary>Null where there was no thought.</summary>
    public ThoughtSummary? Result()
    {
        Close();
        return _thoughts == 0 ? null : new ThoughtSummary(_thoughts, _tokens, (float)(_sum / _thoughts), _min, _max, [.. _strongest]);
    }

    private void Close()
    {
        if (_weight is not { } weight) return;
        _thoughts++;
        _sum += weight;
        _min = Math.Min(_min, weight);
        _max = Math.Max(_max, weight);
        var place = _strongest.FindIndex(other => other.Weight < weight);
        if (place < 0) place = _strongest.Count;
        if (place < Most) _strongest.Insert(place, new WeighedThought(_answers, _text.ToString(), weight));
        if (_strongest.Count > Most) _strongest.RemoveAt(Most);
        _text.Clear();
        _weight = null;
    }
}
