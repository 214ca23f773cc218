using System.Globalization;

namespace InferenceServer.Models.Tokenization.Patterns;

/// <content>Escapes: sets, properties, code points in hexadecimal, anchors.</content>
internal sealed partial class PatternTranslator
{
    private void ParseEscape()
    {
        if (_position + 1 >= _pattern.Length)
            throw Error("a \\ at the end");
        switch (_pattern[_position + 1])
        {
            case 'b' or 'B':
                ParseWordBoundary(_pattern[_position + 1] == 'b');
                return;
            case 'A' or 'z' or 'Z' or 'G':
                _items.Add(new Item(_pattern.Substring(_position, 2), -1));
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
        var c = _pattern[_position + 1];
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
        if (!AtEnd && _pattern[_position] == '{' && _pattern.IndexOf('}', _position) is var end and >= 0)
        {
            hex = _pattern[(_position + 1)..end].Trim();
            _position = end + 1;
        }
        else
        {
            var length = 0;
            while (length < digits && _position + length < _pattern.Length && char.IsAsciiHexDigit(_pattern[_position + length]))
                length++;
            hex = _pattern.Substring(_position, length);
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
        if (_pattern[_position] == '{')
        {
            var end = _pattern.IndexOf('}', _position);
            name = end < 0 ? throw Error("a property without }") : _pattern[(_position + 1)..end];
            _position = end + 1;
        }
        else
        {
            name = _pattern[_position++].ToString();
        }

        var inverted = name.StartsWith('^');
        var set = UnicodeProperties.Find(inverted ? name[1..] : name) ?? throw Error($"the Unicode property '{name}' is not supported");
        return negated != inverted ? set.Complement() : set;
    }
}
