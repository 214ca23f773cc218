using System.Text.Json;
using InferenceServer.Models.Constraints.Automata;
using InferenceServer.Models.Constraints.Grammars;
using InferenceServer.Models.Constraints.Schemas;
using InferenceServer.Models.Constraints.Tokens;
using InferenceServer.Models.Tools;

namespace InferenceServer.Models.Constraints;

/// <summary>Makes constraints for one model: bounded in size and time, so that it can be done before a request is admitted.</summary>
public sealed class ConstraintCompiler(Vocabulary vocabulary, ConstraintLimits? limits = null)
{
    private readonly ConstraintLimits _limits = limits ?? ConstraintLimits.Default;

    /// <summary>Any JSON object.</summary>
    /// <exception cref="ConstraintException">The vocabulary cannot spell JSON.</exception>
    public AnswerConstraint JsonObject() => Make((grammar, _) => JsonRules.Object(grammar));

    /// <summary>JSON values that satisfy a schema.</summary>
    /// <param name="strict">Whether keywords that JSON Schema does not know are refused, instead of being annotations.</param>
    /// <exception cref="ConstraintException">It cannot be enforced; says why.</exception>
    public AnswerConstraint JsonSchema(JsonElement schema, bool strict = false) =>
        Make((grammar, budget) => SchemaCompiler.Compile(schema, strict, mustBeObject: false, grammar, budget));

    /// <summary>Calls of tools, or, where the model need not call, an answer.</summary>
    /// <param name="isSpecial">Whether a text is the name of a special token.</param>
    /// <param name="answer">What the answer must satisfy where it is no call; null = any text.</param>
    /// <exception cref="ConstraintException">A schema cannot be enforced.</exception>
    public AnswerConstraint Tools(ToolDemand demand, Func<string, bool> isSpecial, JsonElement? answer = null, bool strict = false) => Make((grammar, budget) =>
    {
        var rules = new ToolRules(demand, isSpecial, grammar, budget);
        return answer is { } schema ? rules.Answer(SchemaCompiler.Compile(schema, strict, mustBeObject: false, grammar, budget)) : rules.Answer();
    });

    private AnswerConstraint Make(Func<GrammarBuilder, CompileBudget, Symbol> root)
    {
        if (vocabulary.Missing is { Length: > 0 } missing)
        {
            throw new ConstraintException(
                ConstraintProblem.Unspellable, $"The vocabulary of this model cannot spell JSON: it has no token for {string.Join(' ', missing.Take(8))}{(missing.Length > 8 ? " …" : "")}.");
        }

        var budget = new CompileBudget(_limits);
        var grammar = new GrammarBuilder(budget);
        // Some tokenizers put white space before a text's first word.
        var answer = grammar.Rule(Literals.SpaceOnly, root(grammar, budget));
        return new AnswerConstraint(grammar.Build(answer), vocabulary, _limits);
    }
}
