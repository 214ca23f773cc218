using System.Globalization;
using System.Numerics;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Calls, filters and tests.</summary>
internal sealed partial class Parser
{
    private CallExpr ParseCall(Expr target)
    {
        var line = Current.Line;
        return new(target, ParseArguments(), line);
    }

    private ArgumentList ParseArguments()
    {
        var positional = new List<Expr>();
        var named = new List<(string, Expr)>();
        Expr? star = null;
        Expr? doubleStar = null;
        Expect("(");
        var first = true;
        while (!Current.Is(")"))
        {
            if (!first)
            {
                Expect(",");
                if (Current.Is(")"))
                {
                    break;
                }
            }

            first = false;
            var ok = doubleStar is null;
            if (Skip("*"))
            {
                ok &= star is null;
                star = ParseExpression();
            }
            else if (Skip("**"))
            {
                doubleStar = ParseExpression();
            }
            else if (Current.Kind == TokenKind.Name && Look().Is("="))
            {
                var name = Next().Text;
                Next();
                named.Add((name, ParseExpression()));
            }
            else
            {
                ok &= star is null && named.Count == 0;
                positional.Add(ParseExpression());
            }

            if (!ok)
            {
                throw Error("invalid order of arguments in a call");
            }
        }

        Expect(")");
        return new(positional, named, star, doubleStar);
    }

    private Expr ParseFilters(Expr? value)
    {
        while (Skip("|"))
        {
            value = ParseFilter(value);
        }

        return value!;
    }

    private FilterExpr ParseFilter(Expr? value)
    {
        var token = Current;
        var name = ParseDottedName("a filter name");
        return new(value, name, Current.Is("(") ? ParseArguments() : ArgumentList.Empty, token.Line);
    }

    private string ParseDottedName(string description)
    {
        var name = Expect(TokenKind.Name, description).Text;
        while (Skip("."))
        {
            name += "." + Expect(TokenKind.Name, description).Text;
        }

        return name;
    }

    private Expr ParseTest(Expr value)
    {
        var line = Next().Line;
        var negated = SkipName("not");
        var name = ParseDottedName("the name of a test");
        var arguments = ArgumentList.Empty;
        if (Current.Is("("))
        {
            arguments = ParseArguments();
        }
        else if (Current.Kind is TokenKind.Name or TokenKind.String or TokenKind.Integer or TokenKind.Float || Current.Is("[") || Current.Is("{"))
        {
            if (Current.IsName("is"))
            {
                throw Error("tests cannot be chained with 'is'");
            }

            if (!(Current.IsName("else") || Current.IsName("or") || Current.IsName("and")))
            {
                arguments = new([ParsePostfix(ParsePrimary())], [], null, null);
            }
        }

        Expr test = new TestExpr(value, name, arguments, line);
        return negated ? new NotExpr(test, line) : test;
    }

    private static BigInteger ParseInteger(Token token)
    {
        var digits = token.Text.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
        if (digits.Length > PythonNumbers.MaxDigits)
        {
            throw ChatTemplateException.AtLine("the number is too large", token.Line);
        }

        return digits.Length < 2 || digits[0] != '0' || char.IsAsciiDigit(digits[1])
            ? BigInteger.Parse(digits, CultureInfo.InvariantCulture)
            : PythonNumbers.ParseDigits(digits.AsSpan(2), digits[1] switch { 'x' => 16, 'o' => 8, _ => 2 })
                ?? throw ChatTemplateException.AtLine($"'{token.Text}' is not a number", token.Line);
    }
}
