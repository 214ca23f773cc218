using System.Runtime.CompilerServices;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Recursive descent over tokens; this part holds the token stream and the assignment targets.</summary>
internal sealed partial class Parser
{
    private const int MaxNesting = 400;

    private readonly List<Token> _tokens;
    private readonly Stack<HashSet<string>> _mentioned = new(); // names read inside the macros being parsed
    private int _position;
    private int _loopDepth;
    private int _nesting;

    private Parser(List<Token> tokens) => _tokens = tokens;

    private Token Current => _tokens[_position];

    public static IReadOnlyList<Statement> Parse(string source)
    {
        var parser = new Parser(Lexer.Tokenize(source));
        var body = parser.ParseBody([]);
        return body;
    }

    private Token Next() => _tokens[_position == _tokens.Count - 1 ? _position : _position++];

    private Token Look() => _tokens[Math.Min(_position + 1, _tokens.Count - 1)];

    private bool SkipName(string name)
    {
        if (!Current.IsName(name))
        {
            return false;
        }

        _position++;
        return true;
    }

    private bool Skip(string op)
    {
        if (!Current.Is(op))
        {
            return false;
        }

        _position++;
        return true;
    }

    private void Expect(string op)
    {
        if (!Skip(op))
        {
            throw Error($"expected '{op}', got {Current.Describe()}");
        }
    }

    private Token Expect(TokenKind kind, string description)
    {
        if (Current.Kind != kind)
        {
            throw Error($"expected {description}, got {Current.Describe()}");
        }

        return Next();
    }

    private ChatTemplateException Error(string message) => ChatTemplateException.AtLine(message, Current.Line);

    /// <summary>Enters a level of nesting; <see cref="Leave"/> ends it. A failed parse is over, so nothing needs unwinding.</summary>
    private void Enter()
    {
        if (++_nesting > MaxNesting || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Error("the template is nested too deeply");
        }
    }

    private T Leave<T>(T parsed)
    {
        _nesting--;
        return parsed;
    }

    private Target ParseTarget(bool withNamespace, string? endName)
    {
        var line = Current.Line;
        if (withNamespace && Current.Kind == TokenKind.Name && Look().Is("."))
        {
            var name = Next().Text;
            Next();
            foreach (var names in _mentioned)
            {
                names.Add(name);
            }

            return new NamespaceTarget(name, Expect(TokenKind.Name, "a name").Text, line);
        }

        var items = new List<Target>();
        var isTuple = false;
        while (!(Current.Kind is TokenKind.BlockEnd or TokenKind.VariableEnd || Current.Is(")") || (endName is not null && Current.IsName(endName))))
        {
            items.Add(ParseOneTarget());
            if (!Skip(","))
            {
                break;
            }

            isTuple = true;
        }

        if (items.Count == 0)
        {
            throw Error($"expected a name to assign to, got {Current.Describe()}");
        }

        return isTuple ? new TupleTarget(items, line) : items[0];
    }

    private Target ParseOneTarget()
    {
        if (Skip("("))
        {
            Enter();
            var inner = ParseTarget(withNamespace: false, null);
            Expect(")");
            return Leave(inner);
        }

        return ParseNameTarget();
    }

    private NameTarget ParseNameTarget()
    {
        var token = Expect(TokenKind.Name, "a name");
        if (token.Text is "true" or "false" or "none" or "True" or "False" or "None")
        {
            throw ChatTemplateException.AtLine($"cannot assign to '{token.Text}'", token.Line);
        }

        return new(token.Text, token.Line);
    }
}
