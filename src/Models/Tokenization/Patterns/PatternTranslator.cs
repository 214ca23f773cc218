using System.Globalization;
using System.Text;

namespace InferenceServer.Models.Tokenization.Patterns;

/// <summary>
/// Reads a regular expression in Oniguruma's Ruby-like syntax (what Hugging Face tokenizers compile) and rewrites its
/// structure for .NET, leaving every set of code points as a numbered placeholder for <see cref="RegexPattern"/>.
/// Syntax: github.com/kkos/oniguruma, doc/RE.
/// </summary>
internal sealed class PatternTranslator(string pattern)
{
    private readonly List<Item> _items = [];
    private readonly List<CodePointSet> _sets = [];
    private int _position;
    private bool _ignoreCase;
    private bool _dotAll;
    private bool _extended;

    private bool AtEnd => _position >= pattern.Length;

    public Translation Translate()
    {
        ParseAlternatives();
        return AtEnd ? new Translation(_items, _sets) : throw Error("unmatched )");
    }

    private void ParseAlternatives()
    {
        var (ignoreCase, dotAll, extended) = (_ignoreCase, _dotAll, _extended);
        while (!AtEnd && pattern[_position] != ')')
        {
            if (pattern[_position] == '|')
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
        var c = pattern[_position];
        if (_extended && (c == '#' || char.IsWhiteSpace(c)))
        {
            if (c == '#')
                _position = pattern.IndexOf('\n', _position) is var end and >= 0 ? end : pattern.Length - 1;
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
        var opening = openings.FirstOrDefault(o => pattern.AsSpan(_position).StartsWith(o, StringComparison.Ordinal));
        if (opening is not null)
        {
            _position += opening.Length;
            ParseGroupBody(opening);
            return true;
        }

        if (pattern.AsSpan(_position).StartsWith("(?#", StringComparison.Ordinal))
        {
            var end = pattern.IndexOf(')', _position);
            _position = end < 0 ? throw Error("a comment without )") : end + 1;
            return false;
        }

        if (pattern.AsSpan(_position).StartsWith("(?<", StringComparison.Ordinal))
        {
            var end = pattern.IndexOf('>', _position);
            var name = end < 0 ? throw Error("a group name without >") : pattern[_position..(end + 1)];
            _position = end + 1;
            ParseGroupBody(name);
            return true;
        }

        if (pattern.AsSpan(_position).StartsWith("(?", StringComparison.Ordinal))
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
            switch (pattern[_position])
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
                    throw Error($"the group option {pattern[_position]} is not supported");
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
            if (pattern[_position] is '*' or '+' or '?')
                quantifier = pattern[_position++].ToString();
            else if (TryParseInterval(out quantifier))
                interval = true;
            else
                return;
            if (!AtEnd && pattern[_position] == '?')
            {
                _position++;
                quantifier += "?";
            }
            else if (!AtEnd && pattern[_position] == '+' && !interval)
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
        var end = pattern[_position] == '{' ? pattern.IndexOf('}', _position) : -1;
        if (end < 0)
            return false;
        var parts = pattern[(_position + 1)..end].Split(',');
        if (parts.Length > 2 || parts.All(part => part.Length == 0) || !parts.All(part => part.All(char.IsAsciiDigit)))
            return false;
        var low = parts[0].Length == 0 ? "0" : parts[0];
        quantifier = parts.Length == 1 ? $"{{{low}}}" : $"{{{low},{parts[1]}}}";
        _position = end + 1;
        return true;
    }

    private void ParseEscape()
    {
        if (_position + 1 >= pattern.Length)
            throw Error("a \\ at the end");
        switch (pattern[_position + 1])
        {
            case 'b' or 'B':
                ParseWordBoundary(pattern[_position + 1] == 'b');
                return;
            case 'A' or 'z' or 'Z' or 'G':
                _items.Add(new Item(pattern.Substring(_position, 2), -1));
                _position += 2;
                return;
            case 'R':
                _position += 2;
                _items.Add(new Item("(?>\\r\\n|", -1));
                AddSet(CodePointSet.Union([CodePointSet.Range('\n', '\r'), CodePointSet.Single(0x85), CodePointSet.Range(0x2028, 0x2029)]));
                _items.Add(new Item(")", -1));
                return;
            case >= '1' and <= '9':
                // Matching works on classes of characters, which cannot tell whether two characters are the same.
                throw Error("back-references are not supported");
            default:
                // Oniguruma ignores case for characters and ranges, not for properties.
                var set = ParseSetEscape();
                AddSet(set.IsSingle ? Fold(set) : set);
                return;
        }
    }

    private void ParseWordBoundary(bool boundary)
    {
        _position += 2;
        string[] parts = boundary ? ["(?:(?<!", ")(?=", ")|(?<=", ")(?!", "))"] : ["(?:(?<=", ")(?=", ")|(?<!", ")(?!", "))"];
        for (var i = 0; i < parts.Length; i++)
        {
            _items.Add(new Item(parts[i], -1));
            if (i < parts.Length - 1)
                AddSet(UnicodeProperties.Word);
        }
    }

    /// <summary>An escape that stands for a set or a single code point, inside or outside a class.</summary>
    private CodePointSet ParseSetEscape()
    {
        var c = pattern[_position + 1];
        _position += 2;
        switch (c)
        {
            case 'd': return UnicodeProperties.Digit;
            case 'D': return UnicodeProperties.Digit.Complement();
            case 's': return UnicodeProperties.Space;
            case 'S': return UnicodeProperties.Space.Complement();
            case 'w': return UnicodeProperties.Word;
            case 'W': return UnicodeProperties.Word.Complement();
            case 'h': return UnicodeProperties.HexDigit;
            case 'H': return UnicodeProperties.HexDigit.Complement();
            case 'p' or 'P': return ParseProperty(c == 'P');
            case 'n': return CodePointSet.Single('\n');
            case 't': return CodePointSet.Single('\t');
            case 'r': return CodePointSet.Single('\r');
            case 'f': return CodePointSet.Single('\f');
            case 'v': return CodePointSet.Single('\v');
            case 'a': return CodePointSet.Single('\a');
            case 'e': return CodePointSet.Single(0x1B);
            case 'x' or 'u': return CodePointSet.Single(ParseHex(c == 'x' ? 2 : 4));
            case '0': return CodePointSet.Single(0);
        }

        if (char.IsAsciiLetterOrDigit(c))
            throw Error($"the escape \\{c} is not supported");
        _position--;
        return CodePointSet.Single(NextCodePoint());
    }

    private int ParseHex(int digits)
    {
        string hex;
        if (!AtEnd && pattern[_position] == '{' && pattern.IndexOf('}', _position) is var end and >= 0)
        {
            hex = pattern[(_position + 1)..end].Trim();
            _position = end + 1;
        }
        else
        {
            var length = 0;
            while (length < digits && _position + length < pattern.Length && char.IsAsciiHexDigit(pattern[_position + length]))
                length++;
            hex = pattern.Substring(_position, length);
            _position += length;
        }

        return int.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) &&
            value is >= 0 and < CodePointSet.Limit ? value : throw Error($"'{hex}' is no code point in hexadecimal");
    }

    private CodePointSet ParseProperty(bool negated)
    {
        if (AtEnd)
            throw Error("a property without a name");
        string name;
        if (pattern[_position] == '{')
        {
            var end = pattern.IndexOf('}', _position);
            name = end < 0 ? throw Error("a property without }") : pattern[(_position + 1)..end];
            _position = end + 1;
        }
        else
        {
            name = pattern[_position++].ToString();
        }

        var inverted = name.StartsWith('^');
        var set = UnicodeProperties.Find(inverted ? name[1..] : name) ?? throw Error($"the Unicode property '{name}' is not supported");
        return negated != inverted ? set.Complement() : set;
    }

    private int NextCodePoint()
    {
        if (!Rune.TryGetRuneAt(pattern, _position, out var rune))
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

    private FormatException Error(string what) => new($"regular expression {pattern}, at {_position}: {what}");

    /// <summary>A piece of the .NET expression, or (Text null) the set with that number.</summary>
    public readonly record struct Item(string? Text, int Set);

    public sealed record Translation(IReadOnlyList<Item> Items, IReadOnlyList<CodePointSet> Sets);

    /// <summary>A bracket expression with nested brackets, <c>[:names:]</c> and <c>&amp;&amp;</c> intersections.</summary>
    private readonly struct ClassParser(PatternTranslator owner)
    {
        public CodePointSet Parse()
        {
            var text = owner.Pattern;
            owner._position++;
            var negated = !owner.AtEnd && text[owner._position] == '^';
            if (negated)
                owner._position++;
            var intersection = CodePointSet.All;
            var members = new List<CodePointSet>();
            for (var first = true; ; first = false)
            {
                if (owner.AtEnd)
                    throw owner.Error("a class without ]");
                if (text[owner._position] == ']' && !first)
                    break;
                if (text.AsSpan(owner._position).StartsWith("&&", StringComparison.Ordinal))
                {
                    owner._position += 2;
                    intersection = intersection.Intersect(CodePointSet.Union(members));
                    members.Clear();
                    continue;
                }

                members.Add(ParseMember());
            }

            owner._position++;
            var set = owner.Fold(intersection.Intersect(CodePointSet.Union(members)));
            return negated ? set.Complement() : set;
        }

        private CodePointSet ParseMember()
        {
            var text = owner.Pattern;
            if (text.AsSpan(owner._position).StartsWith("[:", StringComparison.Ordinal) &&
                text.IndexOf(":]", owner._position + 2, StringComparison.Ordinal) is var end and >= 0)
            {
                var name = text[(owner._position + 2)..end];
                owner._position = end + 2;
                var inverted = name.StartsWith('^');
                var named = UnicodeProperties.FindPosix(inverted ? name[1..] : name) ?? throw owner.Error($"the class [:{name}:] is not supported");
                return inverted ? named.Complement() : named;
            }

            if (text[owner._position] == '[')
                return new ClassParser(owner).Parse();
            var low = ParseUnit();
            // A range needs single code points at both ends; otherwise the hyphen stands for itself.
            if (!low.IsSingle || owner._position + 1 >= text.Length ||
                text[owner._position] != '-' || text[owner._position + 1] is ']' or '[')
            {
                return low;
            }

            var hyphen = owner._position++;
            var high = ParseUnit();
            if (high.IsSingle)
            {
                return high.Bounds[0] >= low.Bounds[0]
                    ? CodePointSet.Range(low.Bounds[0], high.Bounds[0])
                    : throw owner.Error("a range that ends before it starts");
            }

            owner._position = hyphen;
            return low;
        }

        private CodePointSet ParseUnit()
        {
            var text = owner.Pattern;
            if (text[owner._position] != '\\')
                return CodePointSet.Single(owner.NextCodePoint());
            if (owner._position + 1 >= text.Length)
                throw owner.Error("a \\ at the end");
            if (text[owner._position + 1] == 'b')
            {
                owner._position += 2;
                return CodePointSet.Single('\b');
            }

            return owner.ParseSetEscape();
        }
    }

    private string Pattern => pattern;
}
