using System.Text;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>
/// Cuts a template into tokens the way Jinja2's lexer does with the settings of Hugging Face: <c>trim_blocks</c>,
/// <c>lstrip_blocks</c>, and one trailing newline dropped.
/// </summary>
internal sealed class Lexer
{
    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _line = 1;
    private int _counted; // newlines before this position are in _line
    private bool _lineStarting = true;

    private Lexer(string source) => _source = source;

    public static List<Token> Tokenize(string source)
    {
        var text = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (text.EndsWith('\n'))
        {
            text = text[..^1];
        }

        var lexer = new Lexer(text);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        while (_position < _source.Length)
        {
            var tag = FindTag(_position);
            if (tag < 0)
            {
                Add(TokenKind.Data, _source[_position..]);
                _position = _source.Length;
                break;
            }

            var kind = _source[tag + 1];
            var after = tag + 2;
            var sign = after < _source.Length && _source[after] is '-' or '+' ? _source[after++] : '\0';
            AddText(tag, sign, strip: kind != '{');
            _position = after;
            if (kind == '#')
            {
                SkipComment();
            }
            else if (kind == '%' && TryRaw())
            {
                continue;
            }
            else
            {
                Add(kind == '%' ? TokenKind.BlockBegin : TokenKind.VariableBegin, "");
                new TagLexer(this).Run(kind == '%');
            }
        }

        Add(TokenKind.End, "");
    }

    private int FindTag(int from)
    {
        for (var i = _source.IndexOf('{', from); i >= 0 && i + 1 < _source.Length; i = _source.IndexOf('{', i + 1))
        {
            if (_source[i + 1] is '%' or '{' or '#')
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Emits the text before a tag, less the whitespace that its sign or <c>lstrip_blocks</c> removes.</summary>
    private void AddText(int end, char sign, bool strip)
    {
        var text = _source[_position..end];
        if (sign == '-')
        {
            text = PythonText.TrimEnd(text);
        }
        else if (sign != '+' && strip)
        {
            var start = text.LastIndexOf('\n') + 1;
            if ((start > 0 || _lineStarting) && start < text.Length && PythonText.IsSpace(text.AsSpan(start)))
            {
                text = text[..start];
            }
        }

        if (text.Length > 0)
        {
            Add(TokenKind.Data, text);
        }
    }

    private void SkipComment()
    {
        var end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
        {
            throw Error("a comment is not closed with '#}'");
        }

        var sign = end > _position && _source[end - 1] is '-' or '+' ? _source[end - 1] : '\0';
        _position = end + 2;
        CloseTag(sign);
    }

    private bool TryRaw()
    {
        var i = SkipSpace(_position);
        if (string.CompareOrdinal(_source, i, "raw", 0, 3) != 0)
        {
            return false;
        }

        i = SkipSpace(i + 3);
        var strip = i < _source.Length && _source[i] == '-';
        i = strip ? i + 1 : i;
        if (string.CompareOrdinal(_source, i, "%}", 0, 2) != 0)
        {
            return false;
        }

        _position = strip ? SkipSpace(i + 2) : i + 2;
        _lineStarting = _source[_position - 1] == '\n';
        for (var tag = Find("{%", _position); tag >= 0; tag = Find("{%", tag + 1))
        {
            var after = tag + 2;
            var sign = after < _source.Length && _source[after] is '-' or '+' ? _source[after++] : '\0';
            after = SkipSpace(after);
            if (string.CompareOrdinal(_source, after, "endraw", 0, 6) != 0)
            {
                continue;
            }

            after = SkipSpace(after + 6);
            var close = after < _source.Length && _source[after] is '-' or '+' ? _source[after++] : '\0';
            if (string.CompareOrdinal(_source, after, "%}", 0, 2) != 0)
            {
                continue;
            }

            AddText(tag, sign, strip: true);
            _position = after + 2;
            CloseTag(close);
            return true;
        }

        throw Error("a raw block is not closed with '{% endraw %}'");
    }

    /// <summary>After the closing brace of a block or comment: <c>-</c> eats whitespace, <c>+</c> nothing, else one newline.</summary>
    private void CloseTag(char sign)
    {
        if (sign == '-')
        {
            _position = SkipSpace(_position);
        }
        else if (sign != '+' && _position < _source.Length && _source[_position] == '\n')
        {
            _position++;
        }

        _lineStarting = _source[_position - 1] == '\n';
    }

    private int Find(string what, int from) => from > _source.Length ? -1 : _source.IndexOf(what, from, StringComparison.Ordinal);

    private int SkipSpace(int i)
    {
        while (i < _source.Length && PythonText.IsSpace(_source[i]))
        {
            i++;
        }

        return i;
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new(kind, text, Line()));

    private int Line()
    {
        for (; _counted < _position && _counted < _source.Length; _counted++)
        {
            if (_source[_counted] == '\n')
            {
                _line++;
            }
        }

        return _line;
    }

    private ChatTemplateException Error(string message) => ChatTemplateException.AtLine(message, Line());

    /// <summary>The inside of one <c>{{ }}</c> or <c>{% %}</c>.</summary>
    private sealed class TagLexer(Lexer lexer)
    {
        private static readonly string[] OperatorTexts =
            ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];

        private readonly Stack<char> _open = new();

        private string Source => lexer._source;

        public void Run(bool block)
        {
            while (true)
            {
                lexer._position = lexer.SkipSpace(lexer._position);
                var i = lexer._position;
                if (i >= Source.Length)
                {
                    throw lexer.Error(block ? "a block is not closed with '%}'" : "an expression is not closed with '}}'");
                }

                if (_open.Count == 0 && TryClose(block))
                {
                    return;
                }

                var c = Source[i];
                if (c is '\'' or '"')
                {
                    String(c);
                }
                else if (char.IsAsciiDigit(c))
                {
                    Number();
                }
                else if (c == '_' || char.IsLetter(c))
                {
                    Name();
                }
                else
                {
                    Operator();
                }
            }
        }

        private bool TryClose(bool block)
        {
            var i = lexer._position;
            var sign = Source[i] is '-' || (block && Source[i] is '+') ? Source[i++] : '\0';
            if (string.CompareOrdinal(Source, i, block ? "%}" : "}}", 0, 2) != 0)
            {
                return false;
            }

            lexer.Add(block ? TokenKind.BlockEnd : TokenKind.VariableEnd, "");
            lexer._position = i + 2;
            lexer.CloseTag(block || sign == '-' ? sign : '+');
            return true;
        }

        private void Name()
        {
            var i = lexer._position;
            while (i < Source.Length && (Source[i] == '_' || char.IsLetterOrDigit(Source[i])))
            {
                i++;
            }

            Emit(TokenKind.Name, i);
        }

        private void Number()
        {
            var start = lexer._position;
            var i = Digits(start);
            if (Source[start] == '0' && i < Source.Length && char.ToLowerInvariant(Source[i]) is 'x' or 'o' or 'b' && i == start + 1)
            {
                i++;
                while (i < Source.Length && (char.IsAsciiHexDigit(Source[i]) || Source[i] == '_'))
                {
                    i++;
                }

                Emit(TokenKind.Integer, i);
                return;
            }

            var isFloat = false;
            if (start == 0 || Source[start - 1] != '.')
            {
                if (i + 1 < Source.Length && Source[i] == '.' && char.IsAsciiDigit(Source[i + 1]))
                {
                    i = Digits(i + 1);
                    isFloat = true;
                }

                if (i < Source.Length && Source[i] is 'e' or 'E')
                {
                    var exponent = i + 1 < Source.Length && Source[i + 1] is '+' or '-' ? i + 2 : i + 1;
                    if (exponent < Source.Length && char.IsAsciiDigit(Source[exponent]))
                    {
                        i = Digits(exponent);
                        isFloat = true;
                    }
                }
            }

            Emit(isFloat ? TokenKind.Float : TokenKind.Integer, i);
        }

        private int Digits(int i)
        {
            while (i < Source.Length && (char.IsAsciiDigit(Source[i]) || (Source[i] == '_' && i + 1 < Source.Length && char.IsAsciiDigit(Source[i + 1]))))
            {
                i++;
            }

            return i;
        }

        private void String(char quote)
        {
            var text = new StringBuilder();
            var i = lexer._position + 1;
            while (i < Source.Length && Source[i] != quote)
            {
                if (Source[i] == '\\' && i + 1 < Source.Length)
                {
                    i = PythonEscapes.Decode(Source, i, text, lexer.Error);
                }
                else
                {
                    text.Append(Source[i++]);
                }
            }

            if (i >= Source.Length)
            {
                throw lexer.Error("a string is not closed");
            }

            lexer.Add(TokenKind.String, text.ToString());
            lexer._position = i + 1;
        }

        private void Operator()
        {
            var i = lexer._position;
            foreach (var op in OperatorTexts)
            {
                if (string.CompareOrdinal(Source, i, op, 0, op.Length) == 0)
                {
                    Balance(op[0]);
                    Emit(TokenKind.Operator, i + op.Length);
                    return;
                }
            }

            throw lexer.Error($"unexpected character '{Source[i]}'");
        }

        private void Balance(char c)
        {
            if (c is '(' or '[' or '{')
            {
                _open.Push(c == '(' ? ')' : (char)(c + 2));
            }
            else if (c is ')' or ']' or '}' && (_open.Count == 0 || _open.Pop() != c))
            {
                throw lexer.Error($"unexpected '{c}'");
            }
        }

        private void Emit(TokenKind kind, int end)
        {
            lexer.Add(kind, Source[lexer._position..end]);
            lexer._position = end;
        }
    }
}
