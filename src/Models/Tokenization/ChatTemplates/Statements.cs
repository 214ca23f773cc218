namespace InferenceServer.Models.Tokenization.ChatTemplates;

// Statements of the abstract syntax tree.

internal abstract record Statement(int Line);

internal sealed record TextStatement(OriginText Text, int Line) : Statement(Line);

internal sealed record OutputStatement(Expr Value, int Line) : Statement(Line);

internal sealed record IfStatement(
    IReadOnlyList<(Expr Test, IReadOnlyList<Statement> Body)> Branches, IReadOnlyList<Statement> Otherwise, int Line) : Statement(Line);

internal sealed record ForStatement(
    Target Target,
    Expr Iterable,
    Expr? Filter,
    bool Recursive,
    IReadOnlyList<Statement> Body,
    IReadOnlyList<Statement> Otherwise,
    int Line) : Statement(Line);

internal sealed record SetStatement(Target Target, Expr Value, int Line) : Statement(Line);

internal sealed record SetBlockStatement(Target Target, Expr? Filter, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

internal sealed record MacroStatement(string Name, MacroDefinition Definition, int Line) : Statement(Line);

internal sealed record CallBlockStatement(CallExpr Call, MacroDefinition Caller, int Line) : Statement(Line);

internal sealed record FilterBlockStatement(Expr Filter, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

internal sealed record WithStatement(
    IReadOnlyList<(Target Target, Expr Value)> Variables, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

internal sealed record BreakStatement(int Line) : Statement(Line);

internal sealed record ContinueStatement(int Line) : Statement(Line);

/// <summary>Signature and body of a macro, or of the body of a call block.</summary>
/// <param name="Names">Parameters in order.</param>
/// <param name="Defaults">Defaults of the last parameters.</param>
/// <param name="Body">What it prints.</param>
/// <param name="UsesCaller">Whether the body mentions <c>caller</c>; likewise the next two. A macro accepts only what it mentions.</param>
/// <param name="UsesKwargs">Whether the body mentions <c>kwargs</c>.</param>
/// <param name="UsesVarargs">Whether the body mentions <c>varargs</c>.</param>
internal sealed record MacroDefinition(
    IReadOnlyList<string> Names,
    IReadOnlyList<Expr> Defaults,
    IReadOnlyList<Statement> Body,
    bool UsesCaller,
    bool UsesKwargs,
    bool UsesVarargs);

/// <summary>What an assignment writes to.</summary>
internal abstract record Target(int Line);

internal sealed record NameTarget(string Name, int Line) : Target(Line);

internal sealed record NamespaceTarget(string Name, string Attribute, int Line) : Target(Line);

internal sealed record TupleTarget(IReadOnlyList<Target> Items, int Line) : Target(Line);
