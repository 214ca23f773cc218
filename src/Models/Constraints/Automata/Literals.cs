using System.Text;
using InferenceServer.Models.Constraints.Regex;

namespace InferenceServer.Models.Constraints.Automata;

/// <summary>Terminals that every grammar may use: white space between JSON's tokens, free numbers, fixed texts.</summary>
internal static class Literals
{
    private const int MaxIndent = 16;
    private const int MaxGap = 4;
    private const byte SpecialLead = 0xFF;

    private static readonly ConstraintLimits Unlimited = new() { Time = TimeSpan.FromMinutes(1) };

    /// <summary>Nothing, a space, or a line feed and some indentation: enough for both usual styles, and never endless.</summary>
    public static RegexNode Space { get; } = RegexNode.OneOf(
        RegexNode.Text(" "),
        RegexNode.Join(RegexNode.Text("\n"), RegexNode.OneOf(RegexNode.Text(" ").Times(0, MaxIndent), RegexNode.Text("\t").Times(1, MaxIndent / 2)))).Optional();

    public static Terminal SpaceOnly { get; } = Fixed(Space);

    public static Terminal ObjectOpen { get; } = Fixed(RegexNode.Join(RegexNode.Text("{"), Space));

    public static Terminal ObjectClose { get; } = Fixed(RegexNode.Join(Space, RegexNode.Text("}")));

    public static Terminal ArrayOpen { get; } = Fixed(RegexNode.Join(RegexNode.Text("["), Space));

    public static Terminal ArrayClose { get; } = Fixed(RegexNode.Join(Space, RegexNode.Text("]")));

    public static Terminal Comma { get; } = Fixed(RegexNode.Join(RegexNode.Text(","), Space));

    public static Terminal Colon { get; } = Fixed(RegexNode.Join(RegexNode.Text(":"), Space));

    public static Terminal EmptyObject { get; } = Fixed(RegexNode.Text("{}"));

    public static Terminal EmptyArray { get; } = Fixed(RegexNode.Text("[]"));

    public static Terminal Null { get; } = Fixed(RegexNode.Text("null"));

    public static Terminal True { get; } = Fixed(RegexNode.Text("true"));

    public static Terminal False { get; } = Fixed(RegexNode.Text("false"));

    public static Terminal Number { get; } = Fixed(NumberShapes.Number);

    public static Terminal Integer { get; } = Fixed(NumberShapes.Integer);

    /// <summary>What may stand between a marker and what follows it.</summary>
    public static Terminal Gap { get; } = Fixed(new RegexNode.Chars(CharSet.Union(CharSet.Of('\t', '\n'), CharSet.Of('\r'), CharSet.Of(' '))).Times(0, MaxGap));

    /// <summary>One of these, as text or as a special token.</summary>
    public static Terminal Markers(IEnumerable<string> markers) => ByteDfaBuilder.Words(
        markers.Select(Encoding.UTF8.GetBytes).SelectMany(marker => new byte[][] { marker, [SpecialLead, .. marker] }), new CompileBudget(Unlimited));

    public static Terminal Text(string text, CompileBudget budget) => ByteDfaBuilder.Words([Encoding.UTF8.GetBytes(text)], budget);

    private static ByteDfa Fixed(RegexNode node)
    {
        var budget = new CompileBudget(Unlimited);
        return Utf8Expander.Text(new CharDfaBuilder(budget).Of(node), budget);
    }
}
