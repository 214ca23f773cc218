using System.Globalization;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Expressions, by falling precedence from the bottom of the file to its top, as in Jinja2's own parser.</summary>
internal sealed partial class Parser
{
    private Expr ParseTuple(bool withConditional, string? endName = null, bool inParentheses = false)
    {
        var line = Current.Line;
        var items = new List<Expr>();
        var isTuple = false;
        while (!(Current.Kind is TokenKind.BlockEnd or TokenKind.VariableEnd || Current.Is(")") || (endName is not null && Current.IsName(endName))))
        {
            items.Add(withConditional ? ParseExpression() : ParseOr());
            if (!Skip(","))
            {
                break;
            }

            isTuple = true;
        }

        if (!isTuple && items.Count == 1)
        {
            return items[0];
        }

        return isTuple || inParentheses ? new TupleExpr(items, line) : throw Error($"expected an expression, got {Current.Describe()}");
    }

    private Expr ParseExpression()
    {
        Enter();
        var line = Current.Line;
        var value = ParseOr();
        while (SkipName("if"))
        {
            var test = ParseOr();
            var otherwise = SkipName("else") ? ParseExpression() : null;
            value = new ConditionalExpr(test, value, otherwise, line);
        }

        return Leave(value);
    }

    private Expr ParseOr()
    {
        var line = Current.Line;
        var left = ParseAnd();
        while (SkipName("or"))
        {
            left = new OrExpr(left, ParseAnd(), line);
        }

        return left;
    }

    private Expr ParseAnd()
    {
        var line = Current.Line;
        var left = ParseNot();
        while (SkipName("and"))
        {
            left = new AndExpr(left, ParseNot(), line);
        }

        return left;
    }

    private Expr ParseNot()
    {
        Enter();
        var line = Current.Line;
        return Leave(SkipName("not") ? new NotExpr(ParseNot(), line) : ParseCompare());
    }

    private Expr ParseCompare()
    {
        var line = Current.Line;
        var first = ParseSum();
        var rest = new List<(string, Expr)>();
        while (true)
        {
            if (Current.Kind == TokenKind.Operator && Current.Text is "==" or "!=" or "<" or "<=" or ">" or ">=")
            {
                rest.Add((Next().Text, ParseSum()));
            }
            else if (SkipName("in"))
            {
                rest.Add(("in", ParseSum()));
            }
            else if (Current.IsName("not") && Look().IsName("in"))
            {
                _position += 2;
                rest.Add(("not in", ParseSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new CompareExpr(first, rest, line);
            }
        }
    }

    private Expr ParseSum() => ParseLeft(ParseConcat, "+", "-");

    private Expr ParseConcat()
    {
        var line = Current.Line;
        var parts = new List<Expr> { ParseProduct() };
        while (Skip("~"))
        {
            parts.Add(ParseProduct());
        }

        return parts.Count == 1 ? parts[0] : new ConcatExpr(parts, line);
    }

    private Expr ParseProduct() => ParseLeft(ParsePower, "*", "/", "//", "%");

    private Expr ParsePower() => ParseLeft(() => ParseUnary(withFilters: true), "**");

    private Expr ParseLeft(Func<Expr> operand, params ReadOnlySpan<string> operators)
    {
        var line = Current.Line;
        var left = operand();
        while (Current.Kind == TokenKind.Operator && operators.Contains(Current.Text))
        {
            left = new BinaryExpr(Next().Text, left, operand(), line);
        }

        return left;
    }

    private Expr ParseUnary(bool withFilters)
    {
        Enter();
        var line = Current.Line;
        Expr value;
        if (Current.Is("-") || Current.Is("+"))
        {
            var op = Next().Text[0];
            value = new UnaryExpr(op, ParseUnary(withFilters: false), line);
        }
        else
        {
            value = ParsePrimary();
        }

        value = ParsePostfix(value);
        while (withFilters)
        {
            if (Current.Is("|"))
            {
                value = ParseFilters(value);
            }
            else if (Current.IsName("is"))
            {
                value = ParseTest(value);
            }
            else if (Current.Is("("))
            {
                value = ParseCall(value);
            }
            else
            {
                break;
            }
        }

        return Leave(value);
    }

    private Expr ParsePrimary()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                Next();
                return ParseName(token);
            case TokenKind.String:
                var text = Next().Text;
                while (Current.Kind == TokenKind.String)
                {
                    text += Next().Text;
                }

                return new ConstExpr(StringValue.FromTemplate(text), token.Line);
            case TokenKind.Integer:
                Next();
                return new ConstExpr(new IntValue(ParseInteger(token)), token.Line);
            case TokenKind.Float:
                Next();
                var digits = token.Text.Replace("_", "", StringComparison.Ordinal);
                return new ConstExpr(new FloatValue(double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture)), token.Line);
        }

        if (Skip("("))
        {
            var inner = ParseTuple(withConditional: true, inParentheses: true);
            Expect(")");
            return inner;
        }

        if (Skip("["))
        {
            return new ListExpr(ParseItems("]", ParseExpression), token.Line);
        }

        if (Skip("{"))
        {
            return new DictExpr(ParseItems("}", ParsePair), token.Line);
        }

        throw Error($"expected an expression, got {token.Describe()}");
    }

    private Expr ParseName(Token token)
    {
        switch (token.Text)
        {
            case "true" or "True": return new ConstExpr(BoolValue.True, token.Line);
            case "false" or "False": return new ConstExpr(BoolValue.False, token.Line);
            case "none" or "None": return new ConstExpr(NoneValue.Instance, token.Line);
        }

        foreach (var names in _mentioned)
        {
            names.Add(token.Text);
        }

        return new NameExpr(token.Text, token.Line);
    }

    private (Expr Key, Expr Value) ParsePair()
    {
        var key = ParseExpression();
        Expect(":");
        return (key, ParseExpression());
    }

    private List<T> ParseItems<T>(string end, Func<T> item)
    {
        var items = new List<T>();
        while (!Skip(end))
        {
            if (items.Count > 0)
            {
                Expect(",");
                if (Skip(end))
                {
                    break;
                }
            }

            items.Add(item());
        }

        return items;
    }

    private Expr ParsePostfix(Expr value)
    {
        while (true)
        {
            var line = Current.Line;
            if (Skip("."))
            {
                value = Current.Kind switch
                {
                    TokenKind.Name => new GetAttrExpr(value, Next().Text, line),
                    TokenKind.Integer => new GetItemExpr(value, new ConstExpr(new IntValue(ParseInteger(Next())), line), line),
                    _ => throw Error($"expected a name or number after '.', got {Current.Describe()}"),
                };
            }
            else if (Skip("["))
            {
                var items = ParseItems("]", ParseSubscript);
                value = new GetItemExpr(value, items.Count == 1 ? items[0] : new TupleExpr(items, line), line);
            }
            else if (Current.Is("("))
            {
                value = ParseCall(value);
            }
            else
            {
                return value;
            }
        }
    }

    private Expr ParseSubscript()
    {
        var line = Current.Line;
        var start = Current.Is(":") ? null : ParseExpression();
        if (!Skip(":"))
        {
            return start!;
        }

        bool AtEnd() => Current.Is("]") || Current.Is(",");
        var stop = Current.Is(":") || AtEnd() ? null : ParseExpression();
        var step = Skip(":") && !AtEnd() ? ParseExpression() : null;
        return new SliceExpr(start, stop, step, line);
    }
}
