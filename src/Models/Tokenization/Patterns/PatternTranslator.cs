using System.Text;

namespace InferenceServer.Models.Tokenization.Patterns;

/// <summary>
/// Reads a regular expression in Oniguruma's Ruby-like syntax (what Hugging Face tokenizers compile) and rewrites its
/// structure for .NET, leaving every set of code points as a numbered placeholder for <see cref="RegexPattern"/>.
/// Syntax: github.com/kkos/oniguruma, doc/RE.
/// </summary>
internal sealed partial class PatternTranslator(string pattern)
{
    private readonly string _pattern = pattern;
    private readonly List<Item> _items = [];
    private readonly List<CodePointSet> _sets = [];
    private int _position;
    private bool _ignoreCase;
    private bool _dotAll;
    private bool _extended;

    private bool AtEnd => _position >= _pattern.Length;

    public Translation Translate()
    {
        ParseAlternatives();
        return AtEnd ? new Translation(_items, _sets) : throw Error("unmatched )");
    }

    private void ParseAlternatives()
    {
        var (ignoreCase, dotAll, extended) = (_ignoreCase, _dotAll, _extended);
        while (!AtEnd && _pattern[_position] != ')')
        {
            if (_pattern[_position] == '|')
            {
                _position++;
                _items.Add(new Item("|", -1));
                continue;
            }

            var start = _items.Count;
            if (ParseAtom())
                ParseQuantifiers(start);
        }

        (_ignoreCase, _dotAll, _extended) = (ignoreCase, dotAll, extended);
    }

    /// <summary>Returns false for what cannot be repeated: comments and inline options.</summary>
    private bool ParseAtom()
    {
        var c = _pattern[_position];
        if (_extended && (c == '#' || char.IsWhiteSpace(c)))
        {
            if (c == '#')
                _position = _pattern.IndexOf('\n', _position) is var end and >= 0 ? end : _pattern.Length - 1;
            _position++;
            return false;
        }

        switch (c)
        {
            case '(':
                return ParseGroup();
            case '[':
                AddSet(new ClassParser(this).Parse());
                return true;
            case '.':
                _position++;
                AddSet(_dotAll ? CodePointSet.All : CodePointSet.Single('\n').Complement());
                return true;
            case '^':
                return Emit("(?m:^)");
            case '$':
                return Emit("(?m:$)");
            case '\\':
                ParseEscape();
                return true;
            case '*' or '+' or '?':
                throw Error($"nothing before {c} to repeat");
            default:
                AddSet(Fold(CodePointSet.Single(NextCodePoint())));
                return true;
        }
    }

    private bool Emit(string text)
    {
        _position++;
        _items.Add(new Item(text, -1));
        return true;
    }

    private bool ParseGroup()
    {
        string[] openings = ["(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"];
        var opening = openings.FirstOrDefault(o => _pattern.AsSpan(_position).StartsWith(o, StringComparison.Ordinal));
        if (opening is not null)
        {
            _position += opening.Length;
            ParseGroupBody(opening);
            return true;
        }

        if (_pattern.AsSpan(_position).StartsWith("(?#", StringComparison.Ordinal))
        {
            var end = _pattern.IndexOf(')', _position);
            _position = end < 0 ? throw Error("a comment without )") : end + 1;
            return false;
        }

        if (_pattern.AsSpan(_position).StartsWith("(?<", StringComparison.Ordinal))
        {
            var end = _pattern.IndexOf('>', _position);
            var name = end < 0 ? throw Error("a group name without >") : _pattern[_position..(end + 1)];
            _position = end + 1;
            ParseGroupBody(name);
            return true;
        }

        if (_pattern.AsSpan(_position).StartsWith("(?", StringComparison.Ordinal))
            return ParseOptions();
        _position++;
        ParseGroupBody("(");
        return true;
    }

    private void ParseGroupBody(string opening)
    {
        _items.Add(new Item(opening, -1));
        ParseAlternatives();
        if (AtEnd)
            throw Error("a group without )");
        _position++;
        _items.Add(new Item(")", -1));
    }

    /// <summary><c>(?i-mx:…)</c> for a group, <c>(?i)</c> for the rest of the enclosing one.</summary>
    private bool ParseOptions()
    {
        _position += 2;
        var saved = (_ignoreCase, _dotAll, _extended);
        for (var on = true; !AtEnd; _position++)
        {
            switch (_pattern[_position])
            {
                case '-': on = false; break;
                case 'i': _ignoreCase = on; break;
                case 'm': _dotAll = on; break; // Ruby's m is the dotall of others
                case 'x': _extended = on; break;
                case ')':
                    _position++;
                    return false;
                case ':':
                    _position++;
                    ParseGroupBody("(?:");
                    (_ignoreCase, _dotAll, _extended) = saved;
                    return true;
                default:
                    throw Error($"the group option {_pattern[_position]} is not supported");
            }
        }

        throw Error("a group without )");
    }

    private void ParseQuantifiers(int start)
    {
        while (!AtEnd)
        {
            var interval = false;
            string quantifier;
            if (_pattern[_position] is '*' or '+' or '?')
                quantifier = _pattern[_position++].ToString();
            else if (TryParseInterval(out quantifier))
                interval = true;
            else
                return;
            if (!AtEnd && _pattern[_position] == '?')
            {
                _position++;
                quantifier += "?";
            }
            else if (!AtEnd && _pattern[_position] == '+' && !interval)
            {
                // Possessive. After {n,m} Oniguruma's default syntax reads the plus as a second quantifier.
                _position++;
                _items.Insert(start, new Item("(?>", -1));
                _items.Add(new Item(quantifier + ")", -1));
                continue;
            }

            _items.Insert(start, new Item("(?:", -1));
            _items.Add(new Item(quantifier + ")", -1));
        }
    }

    private bool TryParseInterval(out string quantifier)
    {
        quantifier = "";
        var end = _pattern[_position] == '{' ? _pattern.IndexOf('}', _position) : -1;
        if (end < 0)
            return false;
        var parts = _pattern[(_position + 1)..end].Split(',');
        if (parts.Length > 2 || parts.All(part => part.Length == 0) || !parts.All(part => part.All(char.IsAsciiDigit)))
            return false;
        var low = parts[0].Length == 0 ? "0" : parts[0];
        quantifier = parts.Length == 1 ? $"{{{low}}}" : $"{{{low},{parts[1]}}}";
        _position = end + 1;
        return true;
    }

    private int NextCodePoint()
    {
        if (!Rune.TryGetRuneAt(_pattern, _position, out var rune))
            throw Error("half a surrogate pair");
        _position += rune.Utf16SequenceLength;
        return rune.Value;
    }

    private CodePointSet Fold(CodePointSet set) => _ignoreCase ? CaseFolding.Close(set) : set;

    private void AddSet(CodePointSet set)
    {
        _items.Add(new Item(null, _sets.Count));
        _sets.Add(set);
    }

    private FormatException Error(string what) => new($"regular expression {_pattern}, at {_position}: {what}");

    /// <summary>A piece of the .NET expression, or (Text null) the set with that number.</summary>
    public readonly record struct Item(string? Text, int Set);

    public sealed record Translation(IReadOnlyList<Item> Items, IReadOnlyList<CodePointSet> Sets);
}
