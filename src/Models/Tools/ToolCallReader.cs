using System.Text;

namespace InferenceServer.Models.Tools;

/// <summary>A piece of an answer that may hold calls.</summary>
public abstract record ToolPiece
{
    /// <summary>Text that is no part of a call.</summary>
    public sealed record Content(string Text) : ToolPiece;

    /// <summary>A call begins.</summary>
    /// <param name="Index">Among the calls of the answer.</param>
    public sealed record Begun(int Index, string Name) : ToolPiece;

    /// <summary>More of a call's arguments, as the model wrote them.</summary>
    public sealed record Arguments(int Index, string Text) : ToolPiece;
}

/// <summary>
/// Tells calls from text in an answer that was drawn under <see cref="ToolRules"/>, in whatever pieces it comes. Holds back only
/// what may still become part of a call's syntax.
/// </summary>
public sealed class ToolCallReader(ToolDemand demand)
{
    private readonly ToolSyntax _syntax = demand.Syntax;
    private readonly StringBuilder _held = new();
    private readonly List<ToolPiece> _pieces = [];
    private State _state = demand.MustCall || demand.AnswerIsBound || demand.Syntax.Marker is null ? State.Start : State.Text;
    private JsonScanner _scanner;

    private enum State
    {
        Start, // before anything, where a call is told by how the answer begins
        Text,
        Begin, // behind the marker
        Name,
        Arguments,
        After, // behind a call's arguments
    }

    /// <summary>Calls whose arguments are complete.</summary>
    public int Complete { get; private set; }

    private int Index { get; set; } = -1;

    /// <summary>Takes more of the answer; special tokens by their names.</summary>
    public IReadOnlyList<ToolPiece> Append(string text)
    {
        _pieces.Clear();
        _held.Append(text);
        while (_held.Length > 0 && Step())
        {
        }

        return [.. _pieces];
    }

    /// <summary>The end of the answer: text that was held back is text.</summary>
    public IReadOnlyList<ToolPiece> Flush()
    {
        _pieces.Clear();
        if (_state is State.Start or State.Text) TakeContent(_held.Length);
        _held.Clear();
        return [.. _pieces];
    }

    private bool Step()
    {
        var held = _held.ToString();
        return _state switch
        {
            State.Start => StepFromStart(held),
            State.Text => StepThroughText(held),
            State.Begin => Pass(held, _syntax.Begin.TrimStart()[(_syntax.Marker?.Length ?? 0)..], State.Name),
            State.Name => StepThroughName(held),
            State.Arguments => StepThroughArguments(held),
            _ => StepBehind(held),
        };
    }

    private bool StepFromStart(string held)
    {
        var begin = _syntax.Begin.TrimStart();
        var text = held.TrimStart();
        if (text.Length == 0) return false;
        if (Match(text, begin) is >= 0 and var length)
        {
            if (length == 0) return false;
            _held.Remove(0, held.Length - text.Length + length);
            _state = State.Name;
            return true;
        }

        _state = State.Text;
        return true;
    }

    private bool StepThroughText(string held)
    {
        if (_syntax.Marker is not { } marker || demand.MustCall || demand.AnswerIsBound)
        {
            TakeContent(held.Length);
            return false;
        }

        var at = held.IndexOf(marker, StringComparison.Ordinal);
        if (at >= 0)
        {
            // White space before a marker belongs to it.
            TakeContent(held.AsSpan(0, at).TrimEnd().Length);
            _held.Remove(0, _held.ToString().IndexOf(marker, StringComparison.Ordinal) + marker.Length);
            _state = State.Begin;
            return _syntax.Begin.TrimStart().Length == marker.Length ? Enter(State.Name) : true;
        }

        var certain = held.Length;
        for (var start = Math.Max(0, held.Length - marker.Length + 1); start < certain; start++)
        {
            if (held.AsSpan(start).SequenceEqual(marker.AsSpan(0, held.Length - start))) certain = start;
        }

        TakeContent(held.AsSpan(0, certain).TrimEnd().Length);
        return false;
    }

    private bool StepThroughName(string held)
    {
        foreach (var tool in demand.Tools)
        {
            var whole = tool.Name + _syntax.Between;
            if (Match(held, whole) is > 0 and var length)
            {
                _held.Remove(0, length);
                Index++;
                _pieces.Add(new ToolPiece.Begun(Index, tool.Name));
                _scanner = default;
                return Enter(State.Arguments);
            }
        }

        return false;
    }

    private bool StepThroughArguments(string held)
    {
        for (var at = 0; at < held.Length; at++)
        {
            if (!_scanner.Ends(held[at])) continue;
            _pieces.Add(new ToolPiece.Arguments(Index, held[..(at + 1)]));
            _held.Remove(0, at + 1);
            Complete++;
            return Enter(State.After);
        }

        _pieces.Add(new ToolPiece.Arguments(Index, held));
        _held.Clear();
        return false;
    }

    private bool StepBehind(string held) => _syntax.Separator is { } separator && Pass(held, separator, State.Name);

    private bool Pass(string held, string piece, State next)
    {
        if (Match(held, piece) is not (> 0 and var length)) return false;
        _held.Remove(0, length);
        return Enter(next);
    }

    private bool Enter(State next)
    {
        _state = next;
        return true;
    }

    private void TakeContent(int length)
    {
        if (length == 0) return;
        _pieces.Add(new ToolPiece.Content(_held.ToString(0, length)));
        _held.Remove(0, length);
    }

    /// <summary>Characters of the text that are the piece; 0 while it may yet become it, -1 where it does not.</summary>
    private static int Match(string text, string piece)
    {
        var at = 0;
        foreach (var wanted in piece)
        {
            var length = wanted == ToolSyntax.IdSlot ? ToolSyntax.IdLength : 1;
            for (var i = 0; i < length; i++, at++)
            {
                if (at == text.Length) return 0;
                if (wanted == ToolSyntax.IdSlot ? !char.IsAsciiLetterOrDigit(text[at]) : text[at] != wanted) return -1;
            }
        }

        return at;
    }
}
