using System.Text;
using InferenceServer.Models.Constraints;
using InferenceServer.Models.Constraints.Automata;
using InferenceServer.Models.Constraints.Grammars;
using InferenceServer.Models.Constraints.Regex;
using InferenceServer.Models.Constraints.Schemas;

namespace InferenceServer.Models.Tools;

/// <summary>Calls of tools as rules of a grammar, in the model's own syntax, with arguments that satisfy their schemas.</summary>
internal sealed class ToolRules(ToolDemand demand, Func<string, bool> isSpecial, GrammarBuilder grammar, CompileBudget budget)
{
    /// <summary>Calls of one answer at most.</summary>
    public const int MostCalls = 16;

    private const byte SpecialLead = 0xFF;

    private readonly ToolSyntax _syntax = demand.Syntax;

    /// <param name="answer">What the model may write instead of a call where it need not call; null = any text.</param>
    /// <exception cref="ConstraintException">A schema cannot be enforced.</exception>
    public Symbol Answer(Symbol? answer = null)
    {
        var calls = Calls();
        if (demand.MustCall) return grammar.Rule(Literals.Gap, Literal(_syntax.Begin), calls);
        if (_syntax.Marker is not { } marker)
            return grammar.OneOf([answer is { } bound ? bound : new FreeText(_syntax.Begin.TrimStart()[0])], [Literals.Gap, Literal(_syntax.Begin.TrimStart()), calls]);

        var text = Encoding.UTF8.GetBytes(marker);
        var rest = Literal(_syntax.Begin.TrimStart()[marker.Length..]);
        return answer is null
            ? grammar.OneOf([new UntilMarker([text], without: true)], [new UntilMarker([text]), rest, calls])
            : grammar.OneOf([answer.Value], [Literals.Gap, Literals.Markers([marker]), rest, calls]);
    }

    // From the first name on.
    private Symbol Calls()
    {
        var call = grammar.OneOf(demand.Tools.Select(tool => new[] { Literal(tool.Name + _syntax.Between), Arguments(tool) }));
        var end = Literal(_syntax.End);
        if (!demand.Several || _syntax.Separator is not { } between) return grammar.Rule(call, end);
        var separator = Literal(between);
        var rest = end;
        for (var more = 1; more < MostCalls; more++) rest = grammar.OneOf([end], [separator, call, rest]);
        return grammar.Rule(call, rest);
    }

    private Symbol Arguments(ToolDefinition tool)
    {
        if (tool.Parameters is not { } schema) return Literals.EmptyObject;
        try
        {
            var arguments = SchemaCompiler.Compile(schema, tool.Strict, mustBeObject: true, grammar, budget);
            return grammar.CanEnd(arguments) ? arguments : throw ConstraintException.Unsatisfiable("Nothing can satisfy them.");
        }
        catch (ConstraintException exception) when (!tool.Strict && exception.Problem == ConstraintProblem.Unsupported)
        {
            return JsonRules.Object(grammar);
        }
        catch (ConstraintException exception)
        {
            throw new ConstraintException(exception.Problem, $"The parameters of '{tool.Name}': {exception.Message}");
        }
    }

    /// <summary>A fixed text; names of special tokens in it are those tokens, and slots are ids.</summary>
    private Symbol Literal(string text)
    {
        if (text.Length == 0) return grammar.Rule();
        var symbols = new List<Symbol>();
        var bytes = new List<byte>();
        for (var at = 0; at < text.Length;)
        {
            if (text[at] == ToolSyntax.IdSlot)
            {
                Flush();
                symbols.Add(Id());
                at++;
            }
            else if (SpecialAt(text, at) is { } special)
            {
                bytes.Add(SpecialLead);
                bytes.AddRange(Encoding.UTF8.GetBytes(special));
                at += special.Length;
            }
            else
            {
                var length = char.IsHighSurrogate(text[at]) && at + 1 < text.Length ? 2 : 1;
                bytes.AddRange(Encoding.UTF8.GetBytes(text.Substring(at, length)));
                at += length;
            }
        }

        Flush();
        return symbols.Count == 1 ? symbols[0] : grammar.Rule([.. symbols]);

        void Flush()
        {
            if (bytes.Count > 0) symbols.Add(ByteDfaBuilder.Words([[.. bytes]], budget));
            bytes.Clear();
        }
    }

    // Special tokens are written in brackets of some kind, closed by the last character.
    private string? SpecialAt(string text, int at)
    {
        if (text[at] is not ('<' or '[')) return null;
        var close = text[at] == '<' ? '>' : ']';
        for (var end = text.IndexOf(close, at); end >= 0; end = text.IndexOf(close, end + 1))
        {
            if (isSpecial(text[at..(end + 1)])) return text[at..(end + 1)];
        }

        return null;
    }

    private ByteDfa Id()
    {
        var character = new RegexNode.Chars(CharSet.Union(CharSet.Of('0', '9'), CharSet.Of('a', 'z'), CharSet.Of('A', 'Z')));
        return Utf8Expander.Text(new CharDfaBuilder(budget).Of(character.Times(ToolSyntax.IdLength, ToolSyntax.IdLength)), budget);
    }
}
