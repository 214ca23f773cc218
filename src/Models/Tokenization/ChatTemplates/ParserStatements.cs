namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Statements.</summary>
internal sealed partial class Parser
{
    /// <summary>Statements up to a tag in <paramref name="ends"/>, which stays current; up to the end of the template when empty.</summary>
    private List<Statement> ParseBody(ReadOnlySpan<string> ends)
    {
        Enter();
        var body = new List<Statement>();
        while (true)
        {
            var token = Current;
            switch (token.Kind)
            {
                case TokenKind.End:
                    if (ends.Length > 0)
                    {
                        throw Error($"unexpected end of template, expected '{{% {ends[^1]} %}}'");
                    }

                    return Leave(body);
                case TokenKind.Data:
                    Next();
                    body.Add(new TextStatement(OriginText.Of(token.Text, fromInput: false), token.Line));
                    break;
                case TokenKind.VariableBegin:
                    Next();
                    body.Add(new OutputStatement(ParseTuple(withConditional: true), token.Line));
                    Expect(TokenKind.VariableEnd, "'}}'");
                    break;
                default:
                    Next();
                    if (Current.Kind == TokenKind.Name && ends.Contains(Current.Text))
                    {
                        return Leave(body);
                    }

                    body.AddRange(ParseStatement());
                    Expect(TokenKind.BlockEnd, "'%}'");
                    break;
            }
        }
    }

    /// <summary>The body of a tag whose head has been read; eats the end tag's name and returns it.</summary>
    private (List<Statement> Body, string End) ParseBlock(params ReadOnlySpan<string> ends)
    {
        Skip(":");
        Expect(TokenKind.BlockEnd, "'%}'");
        var body = ParseBody(ends);
        return (body, Next().Text);
    }

    private IEnumerable<Statement> ParseStatement()
    {
        var tag = Expect(TokenKind.Name, "a tag name");
        return tag.Text switch
        {
            "if" => [ParseIf(tag.Line)],
            "for" => [ParseFor(tag.Line)],
            "set" => [ParseSet(tag.Line)],
            "macro" => [ParseMacro(tag.Line)],
            "call" => [ParseCallBlock(tag.Line)],
            "filter" => [ParseFilterBlock(tag.Line)],
            "with" => [ParseWith(tag.Line)],
            "generation" => [new WithStatement([], ParseBlock("endgeneration").Body, tag.Line)],
            "print" => ParsePrint(tag.Line),
            "break" => [new BreakStatement(InLoop(tag))],
            "continue" => [new ContinueStatement(InLoop(tag))],
            "include" or "import" or "from" or "extends" or "block" or "autoescape" =>
                throw ChatTemplateException.AtLine($"'{tag.Text}' is not supported: a chat template is one file of plain text", tag.Line),
            _ => throw ChatTemplateException.AtLine($"unknown tag '{tag.Text}'", tag.Line),
        };
    }

    private int InLoop(Token tag) => _loopDepth > 0
        ? tag.Line
        : throw ChatTemplateException.AtLine($"'{tag.Text}' outside of a loop", tag.Line);

    private IfStatement ParseIf(int line)
    {
        var branches = new List<(Expr, IReadOnlyList<Statement>)>();
        while (true)
        {
            var test = ParseTuple(withConditional: false);
            var (body, end) = ParseBlock("elif", "else", "endif");
            branches.Add((test, body));
            if (end == "endif")
            {
                return new(branches, [], line);
            }

            if (end == "else")
            {
                return new(branches, ParseBlock("endif").Body, line);
            }
        }
    }

    private ForStatement ParseFor(int line)
    {
        var target = ParseTarget(withNamespace: false, "in");
        if (!SkipName("in"))
        {
            throw Error($"expected 'in', got {Current.Describe()}");
        }

        var iterable = ParseTuple(withConditional: false, "recursive");
        var filter = SkipName("if") ? ParseExpression() : null;
        var recursive = SkipName("recursive");
        _loopDepth++;
        var (body, end) = ParseBlock("endfor", "else");
        _loopDepth--;
        IReadOnlyList<Statement> otherwise = end == "else" ? ParseBlock("endfor").Body : [];
        return new(target, iterable, filter, recursive, body, otherwise, line);
    }

    private Statement ParseSet(int line)
    {
        var target = ParseTarget(withNamespace: true, null);
        if (Skip("="))
        {
            return new SetStatement(target, ParseTuple(withConditional: true), line);
        }

        var filter = Current.Is("|") ? ParseFilters(null) : null;
        return new SetBlockStatement(target, filter, ParseBlock("endset").Body, line);
    }

    private MacroStatement ParseMacro(int line)
    {
        var name = ParseNameTarget().Name;
        return new(name, ParseMacroDefinition("endmacro"), line);
    }

    private CallBlockStatement ParseCallBlock(int line)
    {
        var (names, defaults) = Current.Is("(") ? ParseSignature() : ([], []);
        if (ParseExpression() is not CallExpr call)
        {
            throw ChatTemplateException.AtLine("expected a call of a macro after 'call'", line);
        }

        return new(call, ParseMacroBody(names, defaults, "endcall"), line);
    }

    private MacroDefinition ParseMacroDefinition(string end)
    {
        var (names, defaults) = ParseSignature();
        return ParseMacroBody(names, defaults, end);
    }

    private MacroDefinition ParseMacroBody(List<string> names, List<Expr> defaults, string end)
    {
        var mentioned = new HashSet<string>(StringComparer.Ordinal);
        var loopDepth = _loopDepth;
        _loopDepth = 0;
        _mentioned.Push(mentioned);
        var body = ParseBlock(end).Body;
        _mentioned.Pop();
        _loopDepth = loopDepth;
        bool Uses(string name) => mentioned.Contains(name) && !names.Contains(name);
        return new(names, defaults, body, Uses("caller"), Uses("kwargs"), Uses("varargs"));
    }

    private (List<string> Names, List<Expr> Defaults) ParseSignature()
    {
        var names = new List<string>();
        var defaults = new List<Expr>();
        Expect("(");
        while (!Current.Is(")"))
        {
            if (names.Count > 0)
            {
                Expect(",");
            }

            names.Add(ParseNameTarget().Name);
            if (Skip("="))
            {
                defaults.Add(ParseExpression());
            }
            else if (defaults.Count > 0)
            {
                throw Error("a parameter without a default follows one with a default");
            }
        }

        Expect(")");
        return (names, defaults);
    }

    private FilterBlockStatement ParseFilterBlock(int line)
    {
        var filter = ParseFilters(ParseFilter(null));
        return new(filter, ParseBlock("endfilter").Body, line);
    }

    private WithStatement ParseWith(int line)
    {
        var variables = new List<(Target, Expr)>();
        while (Current.Kind != TokenKind.BlockEnd && !Current.Is(":"))
        {
            if (variables.Count > 0)
            {
                Expect(",");
            }

            var target = ParseOneTarget();
            Expect("=");
            variables.Add((target, ParseExpression()));
        }

        return new(variables, ParseBlock("endwith").Body, line);
    }

    private List<OutputStatement> ParsePrint(int line)
    {
        var outputs = new List<OutputStatement>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (outputs.Count > 0)
            {
                Expect(",");
            }

            outputs.Add(new(ParseExpression(), line));
        }

        return outputs;
    }
}
