using System.Globalization;
using System.Text;

namespace InferenceServer.Models.Constraints.Regex;

/// <summary>
/// Reads ECMA-262 regular expressions as JSON Schema's <c>pattern</c> has them, as far as they are regular: no look-around,
/// no back-references, no word boundaries. Lazy quantifiers and groups of any kind match what plain ones do.
/// </summary>
internal sealed class RegexParser
{
    private const int MaxDepth = 200;
    private const int MaxRepeat = 100_000;

    private readonly int[] _text;
    private int _at;
    private int _depth;

    private RegexParser(string pattern) => _text = [.. pattern.EnumerateRunes().Select(rune => rune.Value)];

    private bool AtEnd => _at == _text.Length;

    /// <exception cref="ConstraintException">It is no regular expression, or not a regular one.</exception>
    public static RegexNode Parse(string pattern)
    {
        var parser = new RegexParser(pattern);
        var node = parser.Choice();
        return parser.AtEnd ? node : throw parser.Bad("an unmatched ')'");
    }

    private RegexNode Choice()
    {
        if (++_depth > MaxDepth) throw ConstraintException.TooComplex($"A regular expression may nest {MaxDepth} groups.");
        var branches = new List<RegexNode> { Sequence() };
        while (Take('|')) branches.Add(Sequence());
        _depth--;
        return RegexNode.OneOf(branches);
    }

    private RegexNode.Sequence Sequence()
    {
        var parts = new List<RegexNode>();
        while (!AtEnd && _text[_at] is not ('|' or ')')) parts.Add(Quantified());
        return new RegexNode.Sequence(parts);
    }

    private RegexNode Quantified()
    {
        var node = Atom();
        if (AtEnd) return node;
        (int Min, int? Max)? count = _text[_at] switch
        {
            '*' => (0, null),
            '+' => (1, null),
            '?' => (0, 1),
            '{' => Counts(),
            _ => null,
        };
        if (count is not { } times) return node;
        if (node is RegexNode.Start or RegexNode.End) throw Bad("a quantifier behind an anchor");
        _at++;
        Take('?'); // lazy: the same texts match
        if (!AtEnd && _text[_at] is '*' or '+' or '?') throw Bad("two quantifiers in a row");
        return node.Times(times.Min, times.Max);
    }

    // Leaves the position on the closing brace.
    private (int Min, int? Max) Counts()
    {
        _at++;
        var min = Number();
        int? max = min;
        if (Take(',')) max = !AtEnd && _text[_at] == '}' ? null : Number();
        if (AtEnd || _text[_at] != '}') throw Bad("'{' without a count: write '\\{' for the character");
        return max < min ? throw Bad("a count whose bounds are in the wrong order") : (min, max);
    }

    private int Number()
    {
        var start = _at;
        var value = 0;
        while (!AtEnd && _text[_at] is >= '0' and <= '9')
        {
            value = (value * 10) + (_text[_at++] - '0');
            if (value > MaxRepeat) throw ConstraintException.TooComplex($"A regular expression may repeat something {MaxRepeat} times at most.");
        }

        return _at > start ? value : throw Bad("'{' without a count: write '\\{' for the character");
    }

    private RegexNode Atom()
    {
        var next = _text[_at++];
        switch (next)
        {
            case '^':
                return new RegexNode.Start();
            case '$':
                return new RegexNode.End();
            case '.':
                return new RegexNode.Chars(RegexEscapes.AllButLineEnds);
            case '[':
                return new RegexNode.Chars(Class());
            case '(':
                return Group();
            case '\\':
                return new RegexNode.Chars(Escape(inClass: false));
            case '*' or '+' or '?' or '{':
                _at--;
                throw Bad("a quantifier with nothing before it");
            case ']' or '}':
                _at--;
                throw Bad($"a '{(char)next}' that closes nothing: write '\\{(char)next}' for the character");
            default:
                return new RegexNode.Chars(CharSet.Of(next));
        }
    }

    private RegexNode Group()
    {
        if (Take('?'))
        {
            if (Take('<'))
            {
                if (!AtEnd && _text[_at] is '=' or '!') throw ConstraintException.Unsupported("Regular expressions with look-behind cannot be enforced.");
                while (!AtEnd && _text[_at] != '>') _at++;
                if (!Take('>')) throw Bad("a group's name without an end");
            }
            else if (!Take(':'))
            {
                throw ConstraintException.Unsupported("Regular expressions with look-ahead or modifiers cannot be enforced.");
            }
        }

        var node = Choice();
        return Take(')') ? node : throw Bad("a '(' without ')'");
    }

    private CharSet Class()
    {
        var negated = Take('^');
        var sets = new List<CharSet>();
        while (!Take(']'))
        {
            if (AtEnd) throw Bad("a '[' without ']'");
            var lo = ClassAtom();
            if (_at + 1 < _text.Length && _text[_at] == '-' && _text[_at + 1] != ']')
            {
                _at++;
                var hi = ClassAtom();
                if (Single(lo) is not { } from || Single(hi) is not { } to || from > to) throw Bad("a range of characters in the wrong order");
                sets.Add(CharSet.Of(from, to));
            }
            else
            {
                sets.Add(lo);
            }
        }

        var set = CharSet.Union(sets);
        return negated ? set.Complement() : set;
    }

    private CharSet ClassAtom()
    {
        var next = _text[_at++];
        return next == '\\' ? Escape(inClass: true) : CharSet.Of(next);
    }

    private static int? Single(CharSet set) => set.Ranges is [{ } range] && range.Lo == range.Hi ? range.Lo : null;

    private CharSet Escape(bool inClass)
    {
        if (AtEnd) throw Bad("a '\\' at the end");
        var next = _text[_at++];
        if (RegexEscapes.Class(next) is { } set) return set;
        switch (next)
        {
            case 't':
                return CharSet.Of('\t');
            case 'n':
                return CharSet.Of('\n');
            case 'r':
                return CharSet.Of('\r');
            case 'f':
                return CharSet.Of('\f');
            case 'v':
                return CharSet.Of('\v');
            case 'b' when inClass:
                return CharSet.Of('\b');
            case '0' when AtEnd || _text[_at] is < '0' or > '9':
                return CharSet.Of(0);
            case 'x':
                return CharSet.Of(Hex(2));
            case 'u':
                return CharSet.Of(Unicode());
            case 'c' when !AtEnd && _text[_at] is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z'):
                return CharSet.Of(_text[_at++] & 31);
            case 'b' or 'B':
                throw ConstraintException.Unsupported("Regular expressions with word boundaries cannot be enforced.");
            case >= '0' and <= '9' or 'k':
                throw ConstraintException.Unsupported("Regular expressions with back-references cannot be enforced.");
            case 'p' or 'P':
                throw ConstraintException.Unsupported("Regular expressions with Unicode properties cannot be enforced: name the characters in a class.");
            case (>= 'a' and <= 'z') or (>= 'A' and <= 'Z'):
                throw Bad($"the unknown escape '\\{(char)next}'");
            default:
                return CharSet.Of(next);
        }
    }

    private int Unicode()
    {
        if (!Take('{'))
        {
            var unit = Hex(4);
            if (!char.IsSurrogate((char)unit)) return unit;
            if (!char.IsHighSurrogate((char)unit) || !Take('\\') || !Take('u')) throw Bad("half of a surrogate pair");
            var low = Hex(4);
            return char.IsLowSurrogate((char)low) ? char.ConvertToUtf32((char)unit, (char)low) : throw Bad("half of a surrogate pair");
        }

        var digits = new StringBuilder();
        while (!AtEnd && _text[_at] != '}' && digits.Length < 8) digits.Append(new Rune(_text[_at++]));
        if (Take('}') && int.TryParse(digits.ToString(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && Rune.IsValid(value))
            return value;
        throw Bad("a '\\u{' that names no character");
    }

    private int Hex(int length)
    {
        var value = 0;
        for (var i = 0; i < length; i++)
        {
            if (AtEnd || _text[_at] > 127 || !char.IsAsciiHexDigit((char)_text[_at])) throw Bad("an escape that lacks hexadecimal digits");
            value = (value * 16) + Convert.ToInt32(((char)_text[_at++]).ToString(), 16);
        }

        return value;
    }

    private bool Take(char wanted)
    {
        if (AtEnd || _text[_at] != wanted) return false;
        _at++;
        return true;
    }

    private ConstraintException Bad(string what) => ConstraintException.Invalid($"It is no regular expression: it has {what}, at character {_at + 1}.");
}
