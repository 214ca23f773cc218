using InferenceServer.Models.Constraints;
using InferenceServer.Models.Constraints.Automata;
using InferenceServer.Models.Constraints.Grammars;
using InferenceServer.Models.Constraints.Regex;
using InferenceServer.Models.Constraints.Tokens;
using InferenceServer.Models.Tests.Thinking;

namespace InferenceServer.Models.Tests.Constraints;

/// <summary>A form for answers of <see cref="TinySetup"/>'s models, whose tokens are letters: one of a to m, one of n to z, and so on.</summary>
internal static class TinyConstraint
{
    private const int Half = 13;

    public static AnswerConstraint Alternating { get; } = Make();

    public static void Check(IEnumerable<int> answer) =>
        Assert.All(answer, (token, index) => Assert.InRange(token, index % 2 == 0 ? 0 : Half, index % 2 == 0 ? Half - 1 : (2 * Half) - 1));

    private static AnswerConstraint Make()
    {
        var budget = new CompileBudget(ConstraintLimits.Default);
        var node = RegexParser.Parse("(?:[a-m][n-z])*");
        var grammar = new GrammarBuilder(budget);
        var root = grammar.Rule(Utf8Expander.Text(new CharDfaBuilder(budget).Of(node), budget));
        var tokens = Enumerable.Range(0, TinySetup.Vocabulary).Select(id => id < 2 * Half ? new[] { (byte)('a' + id) } : null).ToList();
        return new AnswerConstraint(grammar.Build(root), new Vocabulary(tokens, [TinySetup.EndOfText]), ConstraintLimits.Default);
    }
}
