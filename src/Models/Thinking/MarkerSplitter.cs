using System.Text;
using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Models.Thinking;

/// <summary>What a stretch of text is.</summary>
public enum SpanKind
{
    Thought,
    Answer,

    /// <summary>A marker and the white space after it: shown to nobody.</summary>
    Marker,
}

/// <summary>Where in its text a model begins to write.</summary>
public enum SplitStart
{
    /// <summary>Before any marker.</summary>
    Before,

    /// <summary>Behind a thought marker that the prompt ends with.</summary>
    Thought,

    /// <summary>Behind an answer marker, or without thoughts.</summary>
    Answer,
}

/// <summary>
/// Tells thought from answer by text markers, whatever pieces the text comes in: the same text gives the same spans.
/// Holds back only what may still become a marker; behind the answer marker everything is answer.
/// </summary>
public sealed class MarkerSplitter
{
    private readonly ThinkingBlock _thinking;
    private readonly StringBuilder _pending = new();
    private readonly List<(SpanKind, string)> _spans = [];
    private State _state;
    private bool _afterMarker;
    private bool _ended;

    public MarkerSplitter(ThinkingBlock thinking, SplitStart start = SplitStart.Before)
    {
        _thinking = thinking;
        _afterMarker = start == SplitStart.Thought;
        _state = start switch
        {
            SplitStart.Thought => State.Thinking,
            SplitStart.Answer => State.Answering,
            _ => thinking.StartsInThought ? State.Thinking : State.Before,
        };
    }

    private enum State
    {
        Before,
        Thinking,
        Answering,
    }

    public bool Answering => _state == State.Answering;

    /// <summary>Takes more text; returns what is decided now, in order.</summary>
    public IReadOnlyList<(SpanKind Kind, string Text)> Append(string text)
    {
        _spans.Clear();
        _pending.Append(text);
        while (Step())
        {
        }

        return [.. _spans];
    }

    /// <summary>The end: what was held back is a thought inside a thought, and the answer where no marker ever came.</summary>
    public IReadOnlyList<(SpanKind Kind, string Text)> Flush()
    {
        _spans.Clear();
        _ended = true;
        while (Step())
        {
        }

        Take(_pending.Length, _state == State.Thinking ? SpanKind.Thought : SpanKind.Answer);
        return [.. _spans];
    }

    private bool Step()
    {
        if (_afterMarker)
        {
            var space = 0;
            while (space < _pending.Length && char.IsWhiteSpace(_pending[space])) space++;
            Take(space, SpanKind.Marker);
            if (_pending.Length == 0) return false;
            _afterMarker = false;
        }

        if (_state == State.Answering)
        {
            Take(_pending.Length, SpanKind.Answer);
            return false;
        }

        var text = _pending.ToString();
        if (_state == State.Before && _thinking.ThoughtFirst) return StepToFirst(text);
        var thought = _state == State.Before ? Find(text, _thinking.ThoughtMarkers) : (At: -1, Length: 0);
        var answer = Find(text, _thinking.AnswerMarkers);
        var thoughtFirst = thought.At >= 0 && (answer.At < 0 || thought.At < answer.At);
        var marker = thoughtFirst ? thought : answer;

        // A marker that begins no later but is not complete yet would win over the one that was found.
        var open = _ended ? text.Length : FirstPossibleMarker(text);
        if (marker.At >= 0 && marker.At < open) return Pass(marker, thoughtFirst ? State.Thinking : State.Answering);

        // Before any marker nothing is decided: it may all turn out to be the answer.
        if (_state == State.Thinking) Take(open, SpanKind.Thought);
        return false;
    }

    /// <summary>Only white space may stand before the marker; anything else is the answer already.</summary>
    private bool StepToFirst(string text)
    {
        var start = text.Length - text.AsSpan().TrimStart().Length;
        if (start == text.Length) return false;
        var begun = text[start..];
        var marker = _thinking.ThoughtMarkers.Where(marker => begun.StartsWith(marker, StringComparison.Ordinal)).Select(marker => marker.Length).DefaultIfEmpty().Max();
        if (marker > 0)
        {
            Take(start, SpanKind.Marker);
            return Pass((0, marker), State.Thinking);
        }

        if (!_ended && _thinking.ThoughtMarkers.Any(other => other.StartsWith(begun, StringComparison.Ordinal))) return false;
        _state = State.Answering;
        return true;
    }

    private bool Pass((int At, int Length) marker, State next)
    {
        Take(marker.At, SpanKind.Thought);
        Take(marker.Length, SpanKind.Marker);
        _state = next;
        _afterMarker = true;
        return true;
    }

    private void Take(int length, SpanKind kind)
    {
        if (length == 0) return;
        _spans.Add((kind, _pending.ToString(0, length)));
        _pending.Remove(0, length);
    }

    private static (int At, int Length) Find(string text, IReadOnlyList<string> markers)
    {
        var first = (At: -1, Length: 0);
        foreach (var marker in markers)
        {
            var at = text.IndexOf(marker, StringComparison.Ordinal);
            if (at >= 0 && (first.At < 0 || at < first.At || (at == first.At && marker.Length > first.Length))) first = (at, marker.Length);
        }

        return first;
    }

    /// <summary>Where the text's end may be the beginning of a marker that is longer still; its length if nowhere.</summary>
    private int FirstPossibleMarker(string text)
    {
        var first = text.Length;
        IEnumerable<string> markers = _state == State.Before ? _thinking.ThoughtMarkers.Concat(_thinking.AnswerMarkers) : _thinking.AnswerMarkers;
        foreach (var marker in markers)
        {
            for (var at = Math.Max(0, text.Length - marker.Length + 1); at < first; at++)
            {
                if (text.AsSpan(at).SequenceEqual(marker.AsSpan(0, text.Length - at))) first = at;
            }
        }

        return first;
    }
}
