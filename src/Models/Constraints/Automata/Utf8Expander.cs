using InferenceServer.Models.Constraints.Regex;

namespace InferenceServer.Models.Constraints.Automata;

/// <summary>From strings of characters to strings of bytes: as plain UTF-8, or as JSON strings with quotes and escapes.</summary>
internal sealed class Utf8Expander
{
    private const int ShortEscapes = 7;
    private const string EscapeLetters = "\"\\/bfnrt";
    private const string EscapedCharacters = "\"\\/\b\f\n\r\t";

    private readonly CharDfa _characters;
    private readonly ByteDfaBuilder _bytes;
    private readonly int[] _states; // of the characters' automaton, in the bytes' one
    private readonly Dictionary<string, int> _tails = new(StringComparer.Ordinal);
    private readonly bool _json;
    private int _end;

    private Utf8Expander(CharDfa characters, bool json, CompileBudget budget)
    {
        (_characters, _json, _bytes) = (characters, json, new ByteDfaBuilder(budget));
        _states = new int[characters.Edges.Length];
    }

    /// <summary>The UTF-8 of the strings.</summary>
    public static ByteDfa Text(CharDfa characters, CompileBudget budget) => new Utf8Expander(characters, json: false, budget).Expand();

    /// <summary>
    /// The strings as JSON writes them: quotes around them, the short escapes where JSON has some, <c>\u00XX</c> for other
    /// control characters, everything else as it is.
    /// </summary>
    public static ByteDfa Json(CharDfa characters, CompileBudget budget) => new Utf8Expander(characters, json: true, budget).Expand();

    private ByteDfa Expand()
    {
        var begin = _json ? _bytes.Add() : 0;
        for (var state = 0; state < _states.Length; state++) _states[state] = _bytes.Add(!_json && _characters.Accepting[state]);
        if (_json)
        {
            _bytes.Edge(begin, '"', '"', _states[0]);
            _end = _bytes.Add(accepts: true);
        }

        for (var state = 0; state < _states.Length; state++)
        {
            if (_json && _characters.Accepting[state]) _bytes.Edge(_states[state], '"', '"', _end);
            if (_json) AddEscapes(state);
            var edges = _characters.Edges[state];
            foreach (var (lo, hi, next) in Clip(edges, 0, 0x7F)) AddAscii(_states[state], lo, hi, _states[next]);
            for (var lead = 0xC2; lead <= 0xDF; lead++) AddLead(_states[state], lead, 1, (lead & 0x1F) << 6, edges);
            for (var lead = 0xE0; lead <= 0xEF; lead++) AddLead(_states[state], lead, 2, (lead & 0x0F) << 12, edges);
            for (var lead = 0xF0; lead <= 0xF4; lead++) AddLead(_states[state], lead, 3, (lead & 0x07) << 18, edges);
        }

        return _bytes.Build();
    }

    private void AddAscii(int from, int lo, int hi, int next)
    {
        if (!_json)
        {
            _bytes.Edge(from, lo, hi, next);
            return;
        }

        foreach (var (first, last) in new[] { (0x20, 0x21), (0x23, 0x5B), (0x5D, 0x7F) })
        {
            if (Math.Max(lo, first) <= Math.Min(hi, last)) _bytes.Edge(from, Math.Max(lo, first), Math.Min(hi, last), next);
        }
    }

    private void AddEscapes(int state)
    {
        var shorts = new List<(char Letter, int Next)>();
        for (var i = 0; i <= ShortEscapes; i++)
        {
            if (_characters.Next(state, EscapedCharacters[i]) is >= 0 and var next) shorts.Add((EscapeLetters[i], _states[next]));
        }

        var controls = new List<(int Value, int Next)>();
        for (var value = 0; value < 0x20; value++)
        {
            if (!EscapedCharacters.Contains((char)value, StringComparison.Ordinal) && _characters.Next(state, value) is >= 0 and var next) controls.Add((value, _states[next]));
        }

        if (shorts.Count + controls.Count == 0) return;
        var escape = _bytes.Add();
        _bytes.Edge(_states[state], '\\', '\\', escape);
        foreach (var (letter, next) in shorts) _bytes.Edge(escape, letter, letter, next);
        if (controls.Count == 0) return;
        var (u, first, second) = (_bytes.Add(), _bytes.Add(), _bytes.Add());
        _bytes.Edge(escape, 'u', 'u', u);
        _bytes.Edge(u, '0', '0', first);
        _bytes.Edge(first, '0', '0', second);
        foreach (var sixteen in controls.GroupBy(control => control.Value >> 4))
        {
            var third = _bytes.Add();
            _bytes.Edge(second, '0' + sixteen.Key, '0' + sixteen.Key, third);
            foreach (var (value, next) in sixteen)
            {
                foreach (var digit in $"{value & 15:x}{value & 15:X}".Distinct()) _bytes.Edge(third, digit, digit, next);
            }
        }
    }

    private void AddLead(int from, int lead, int rest, int basis, CharEdge[] edges)
    {
        if (Tail(rest, basis, edges) is >= 0 and var tail) _bytes.Edge(from, lead, lead, tail);
    }

    /// <summary>The state that reads the continuation bytes of the characters from <paramref name="basis"/> on; -1 where there are none.</summary>
    private int Tail(int rest, int basis, CharEdge[] edges)
    {
        var size = 1 << (6 * rest);
        // Shorter encodings, surrogates and what lies beyond Unicode are no UTF-8; the edges hold none of the last two.
        var least = rest switch { 1 => 0x80, 2 => 0x800, _ => 0x10000 };
        var parts = Clip(edges, Math.Max(basis, least), basis + size - 1);
        if (parts.Count == 0) return -1;
        var uniform = parts is [var only] && only.Lo == basis && only.Hi == basis + size - 1;
        var key = uniform ? $"{rest}:{parts[0].Next}" : $"{rest}:{string.Join(';', parts.Select(part => $"{part.Lo - basis}-{part.Hi - basis}>{part.Next}"))}";
        if (_tails.TryGetValue(key, out var known)) return known;
        var state = _tails[key] = _bytes.Add();
        if (rest == 1)
        {
            foreach (var (lo, hi, next) in parts) _bytes.Edge(state, 0x80 + lo - basis, 0x80 + hi - basis, _states[next]);
        }
        else if (uniform)
        {
            _bytes.Edge(state, 0x80, 0xBF, Tail(rest - 1, basis, [parts[0]]) is >= 0 and var tail ? tail : throw new InvalidOperationException("A uniform range has no tail."));
        }
        else
        {
            for (var value = 0; value < 64; value++) AddLead(state, 0x80 + value, rest - 1, basis + (value << (6 * (rest - 1))), [.. parts]);
        }

        return state;
    }

    private static List<CharEdge> Clip(CharEdge[] edges, int lo, int hi)
    {
        var parts = new List<CharEdge>();
        foreach (var edge in edges)
        {
            if (edge.Hi < lo || edge.Lo > hi) continue;
            parts.Add(new CharEdge(Math.Max(edge.Lo, lo), Math.Min(edge.Hi, hi), edge.Next));
        }

        return parts;
    }
}
