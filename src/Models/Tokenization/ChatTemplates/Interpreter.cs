using System.Runtime.CompilerServices;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Runs the tree of one template once. This part holds the limits, macros and statements.</summary>
internal sealed partial class Interpreter(ChatTemplateLimits limits, DateTime now)
{
    private const int MaxNesting = 2000;

    private long _steps;
    private int _depth;
    private int _nesting; // expressions being evaluated, through macros and blocks

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    /// <summary>Line of the node being evaluated, for messages.</summary>
    public int Line { get; private set; } = 1;

    public DateTime Now => now;

    public OriginText Render(IReadOnlyList<Statement> template, Scope scope)
    {
        try
        {
            return Capture(template, scope);
        }
        catch (ChatTemplateException e) when (e.Line is null)
        {
            throw ChatTemplateException.AtLine(e.Message, Line, e);
        }
    }

    /// <summary>Counts work against the step limit.</summary>
    public void Charge(long steps)
    {
        _steps += steps;
        if (_steps > limits.MaxSteps)
        {
            throw new ChatTemplateException($"rendering takes more than {limits.MaxSteps} steps");
        }
    }

    public StringValue CallMacro(string name, MacroDefinition definition, Scope definedIn, CallArguments arguments)
    {
        var scope = new Scope(definedIn);
        var named = arguments.Named.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        var missing = new List<int>();
        for (var i = 0; i < definition.Names.Count; i++)
        {
            var parameter = definition.Names[i];
            if (i < arguments.Positional.Count)
            {
                scope.Set(parameter, arguments.Positional[i]);
            }
            else if (named.Remove(parameter, out var value))
            {
                scope.Set(parameter, value);
            }
            else
            {
                missing.Add(i);
            }
        }

        foreach (var i in missing)
        {
            var fromEnd = i - (definition.Names.Count - definition.Defaults.Count);
            scope.Set(definition.Names[i], fromEnd >= 0
                ? Evaluate(definition.Defaults[fromEnd], scope)
                : new UndefinedValue($"parameter '{definition.Names[i]}' was not provided"));
        }

        if (definition.UsesCaller)
        {
            scope.Set("caller", named.Remove("caller", out var caller) && caller is not NoneValue ? caller : new UndefinedValue("no caller defined"));
        }

        if (definition.UsesKwargs)
        {
            var kwargs = new DictValue();
            foreach (var (key, value) in named)
            {
                kwargs.Set(StringValue.FromTemplate(key), value);
            }

            scope.Set("kwargs", kwargs);
        }
        else if (named.Count > 0)
        {
            throw new ChatTemplateException($"macro '{name}' takes no keyword argument '{named.Keys.First()}'");
        }

        if (definition.UsesVarargs)
        {
            scope.Set("varargs", new TupleValue([.. arguments.Positional.Skip(definition.Names.Count)]));
        }
        else if (arguments.Positional.Count > definition.Names.Count)
        {
            throw new ChatTemplateException($"macro '{name}' takes not more than {definition.Names.Count} arguments");
        }

        return Nested(() => new StringValue(Capture(definition.Body, scope)));
    }

    private T Nested<T>(Func<T> body)
    {
        if (++_depth > limits.MaxDepth)
        {
            throw new ChatTemplateException($"macros or loops are nested more than {limits.MaxDepth} deep");
        }

        var result = body();
        _depth--;
        return result;
    }

    private OriginText Capture(IReadOnlyList<Statement> body, Scope scope)
    {
        var output = new OriginTextBuilder(limits.MaxOutputLength);
        Run(body, scope, output);
        Charge(output.Length / 32);
        return output.ToText();
    }

    private Flow Run(IReadOnlyList<Statement> body, Scope scope, OriginTextBuilder output)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new ChatTemplateException("the template is nested too deeply");
        }

        foreach (var statement in body)
        {
            Charge(1);
            Line = statement.Line;
            var flow = Run(statement, scope, output);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }

        return Flow.Next;
    }

    private Flow Run(Statement statement, Scope scope, OriginTextBuilder output)
    {
        switch (statement)
        {
            case TextStatement text:
                output.Append(text.Text);
                return Flow.Next;
            case OutputStatement print:
                output.Append(PythonRepr.Str(Evaluate(print.Value, scope)));
                return Flow.Next;
            case IfStatement conditional:
                foreach (var (test, body) in conditional.Branches)
                {
                    if (Evaluate(test, scope).IsTrue)
                    {
                        return Run(body, scope, output);
                    }
                }

                return Run(conditional.Otherwise, scope, output);
            case ForStatement loop:
                RunLoop(loop, Evaluate(loop.Iterable, scope), scope, output, depth0: 0);
                return Flow.Next;
            case SetStatement set:
                Assign(set.Target, Evaluate(set.Value, scope), scope);
                return Flow.Next;
            case SetBlockStatement set:
                Assign(set.Target, Filtered(set.Filter, set.Body, scope), scope);
                return Flow.Next;
            case FilterBlockStatement block:
                var filtered = Filtered(block.Filter, block.Body, scope) as StringValue;
                output.Append((filtered ?? throw new ChatTemplateException("the filter of a filter block must make a string")).Rope);
                return Flow.Next;
            case MacroStatement macro:
                scope.Set(macro.Name, new MacroValue(macro.Name, macro.Definition, scope));
                return Flow.Next;
            case CallBlockStatement call:
                var caller = KeyValuePair.Create("caller", (Value)new MacroValue("caller", call.Caller, scope));
                output.Append(PythonRepr.Str(Call(call.Call, scope, caller)));
                return Flow.Next;
            case WithStatement with:
                return RunWith(with, scope, output);
            case BreakStatement:
                return Flow.Break;
            case ContinueStatement:
                return Flow.Continue;
            default:
                throw new InvalidOperationException($"statement {statement.GetType().Name} has no meaning");
        }
    }

    private Flow RunWith(WithStatement with, Scope scope, OriginTextBuilder output)
    {
        var inner = new Scope(scope);
        foreach (var (target, value) in with.Variables)
        {
            Assign(target, Evaluate(value, scope), inner);
        }

        return Run(with.Body, inner, output);
    }

    private Value Filtered(Expr? filter, IReadOnlyList<Statement> body, Scope scope)
    {
        var text = new StringValue(Capture(body, new Scope(scope)));
        return filter is null ? text : ApplyFilters((FilterExpr)filter, text, scope);
    }

    private void RunLoop(ForStatement statement, Value iterable, Scope scope, OriginTextBuilder output, int depth0)
    {
        if (iterable.Items is null)
        {
            throw new ChatTemplateException($"a value of type '{iterable.TypeName}' is not iterable");
        }

        var items = statement.Filter is null ? iterable.Items : iterable.Items.Where(item =>
        {
            var inner = new Scope(scope);
            Assign(statement.Target, item, inner);
            return Evaluate(statement.Filter, inner).IsTrue;
        });
        Func<Value, int, Value>? recurse = !statement.Recursive ? null : (inner, depth) => Nested(() =>
        {
            var text = new OriginTextBuilder(limits.MaxOutputLength);
            RunLoop(statement, inner, scope, text, depth);
            return new StringValue(text.ToText());
        });
        var loop = new LoopValue(items, statement.Filter is null ? iterable.Length : null, depth0, recurse);
        var completed = false;
        while (loop.Next() is { } item)
        {
            Charge(1);
            var inner = new Scope(scope);
            inner.Set("loop", loop);
            Assign(statement.Target, item, inner);
            var flow = Run(statement.Body, inner, output);
            completed |= flow == Flow.Next;
            if (flow == Flow.Break)
            {
                break;
            }
        }

        // As in Jinja, "else" runs unless some turn of the loop reached the end of its body.
        if (!completed)
        {
            Run(statement.Otherwise, new Scope(scope), output);
        }
    }

    private static void Assign(Target target, Value value, Scope scope)
    {
        switch (target)
        {
            case NameTarget name:
                scope.Set(name.Name, value);
                break;
            case NamespaceTarget attribute:
                if (scope.Find(attribute.Name) is not NamespaceValue space)
                {
                    throw new ChatTemplateException($"'{attribute.Name}' is not a namespace: only attributes of namespace() can be assigned");
                }

                space.Attributes.Set(StringValue.FromTemplate(attribute.Attribute), value);
                break;
            case TupleTarget tuple:
                var items = value.RequireItems().Take(tuple.Items.Count + 1).ToList();
                if (items.Count != tuple.Items.Count)
                {
                    throw new ChatTemplateException($"cannot unpack {items.Count} values into {tuple.Items.Count} names");
                }

                for (var i = 0; i < items.Count; i++)
                {
                    Assign(tuple.Items[i], items[i], scope);
                }

                break;
        }
    }
}
