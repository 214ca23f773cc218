namespace InferenceServer.Models.Tokenization.ChatTemplates;

// Expressions of the abstract syntax tree, named as in Jinja2's own documentation.

internal abstract record Expr(int Line);

internal sealed record ConstExpr(Value Value, int Line) : Expr(Line);

internal sealed record NameExpr(string Name, int Line) : Expr(Line);

internal sealed record ListExpr(IReadOnlyList<Expr> Items, int Line) : Expr(Line);

internal sealed record TupleExpr(IReadOnlyList<Expr> Items, int Line) : Expr(Line);

internal sealed record DictExpr(IReadOnlyList<(Expr Key, Expr Value)> Items, int Line) : Expr(Line);

internal sealed record GetAttrExpr(Expr Target, string Name, int Line) : Expr(Line);

internal sealed record GetItemExpr(Expr Target, Expr Index, int Line) : Expr(Line);

internal sealed record SliceExpr(Expr? Start, Expr? Stop, Expr? Step, int Line) : Expr(Line);

internal sealed record CallExpr(Expr Target, ArgumentList Arguments, int Line) : Expr(Line);

/// <summary>A filter; <paramref name="Target"/> is null where the text of a block takes its place.</summary>
internal sealed record FilterExpr(Expr? Target, string Name, ArgumentList Arguments, int Line) : Expr(Line);

internal sealed record TestExpr(Expr Target, string Name, ArgumentList Arguments, int Line) : Expr(Line);

internal sealed record UnaryExpr(char Operator, Expr Operand, int Line) : Expr(Line);

internal sealed record BinaryExpr(string Operator, Expr Left, Expr Right, int Line) : Expr(Line);

internal sealed record CompareExpr(Expr First, IReadOnlyList<(string Operator, Expr Right)> Rest, int Line) : Expr(Line);

internal sealed record AndExpr(Expr Left, Expr Right, int Line) : Expr(Line);

internal sealed record OrExpr(Expr Left, Expr Right, int Line) : Expr(Line);

internal sealed record NotExpr(Expr Operand, int Line) : Expr(Line);

internal sealed record ConcatExpr(IReadOnlyList<Expr> Parts, int Line) : Expr(Line);

internal sealed record ConditionalExpr(Expr Test, Expr Then, Expr? Otherwise, int Line) : Expr(Line);

/// <summary>Arguments as written: positional, named, <c>*list</c> and <c>**mapping</c>.</summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expr> Positional, IReadOnlyList<(string Name, Expr Value)> Named, Expr? Star, Expr? DoubleStar)
{
    public static ArgumentList Empty { get; } = new([], [], null, null);
}
