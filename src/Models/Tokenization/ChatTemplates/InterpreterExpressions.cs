using System.Runtime.CompilerServices;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Expressions.</summary>
internal sealed partial class Interpreter
{
    private Value Evaluate(Expr expression, Scope scope)
    {
        if (++_nesting > MaxNesting || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new ChatTemplateException("the template is nested too deeply");
        }

        Charge(1);
        Line = expression.Line;
        var value = EvaluateNode(expression, scope);
        _nesting--;
        if (expression is not (ConstExpr or NameExpr))
        {
            // What operations build must be paid for, or a short loop could fill the memory.
            ChargeFor(value);
        }

        return value;
    }

    /// <summary>Counts a walk over a value against the step limit.</summary>
    private void ChargeFor(Value value) => Charge(value switch
    {
        StringValue text => text.Text.Length / 32,
        SequenceValue list => list.List.Count / 32,
        _ => 0,
    });

    private Value EvaluateNode(Expr expression, Scope scope)
    {
        switch (expression)
        {
            case ConstExpr constant:
                return constant.Value;
            case NameExpr name:
                return scope.Find(name.Name) ?? UndefinedValue.Variable(name.Name);
            case GetAttrExpr attribute:
                var owner = Evaluate(attribute.Target, scope);
                ChargeFor(owner);
                Line = attribute.Line;
                return Lookups.GetAttribute(owner, attribute.Name);
            case GetItemExpr { Index: SliceExpr slice } item:
                return Lookups.Slice(Evaluate(item.Target, scope), Optional(slice.Start, scope), Optional(slice.Stop, scope), Optional(slice.Step, scope));
            case GetItemExpr item:
                var container = Evaluate(item.Target, scope);
                ChargeFor(container);
                return Lookups.GetItem(container, Evaluate(item.Index, scope));
            case SliceExpr:
                throw new ChatTemplateException("a slice cannot be part of a longer index");
            case CallExpr call:
                return Call(call, scope, null);
            case FilterExpr filter:
                return ApplyFilters(filter, null, scope);
            case TestExpr test:
                var tested = Evaluate(test.Target, scope);
                var testArguments = Arguments(test.Arguments, scope, null);
                Line = test.Line;
                return BoolValue.Of(Tests.Invoke(this, test.Name, tested, testArguments));
            case UnaryExpr unary:
                return Operators.Unary(unary.Operator, Evaluate(unary.Operand, scope));
            case BinaryExpr binary:
                var left = Evaluate(binary.Left, scope);
                var right = Evaluate(binary.Right, scope);
                Line = binary.Line;
                return Operators.Binary(binary.Operator, left, right);
            case CompareExpr compare:
                return Compare(compare, scope);
            case AndExpr and:
                return Evaluate(and.Left, scope) is var a && a.IsTrue ? Evaluate(and.Right, scope) : a;
            case OrExpr or:
                return Evaluate(or.Left, scope) is var o && o.IsTrue ? o : Evaluate(or.Right, scope);
            case NotExpr not:
                return BoolValue.Of(!Evaluate(not.Operand, scope).IsTrue);
            case ConcatExpr concat:
                var builder = new OriginTextBuilder();
                foreach (var part in concat.Parts)
                {
                    builder.Append(PythonRepr.Str(Evaluate(part, scope)));
                }

                return new StringValue(builder.ToText());
            case ConditionalExpr conditional:
                return Evaluate(conditional.Test, scope).IsTrue ? Evaluate(conditional.Then, scope)
                    : Optional(conditional.Otherwise, scope)
                    ?? new UndefinedValue("the inline if-expression was false and has no else");
            case ListExpr list:
                return new ListValue(EvaluateAll(list.Items, scope));
            case TupleExpr tuple:
                return new TupleValue(EvaluateAll(tuple.Items, scope));
            case DictExpr dictionary:
                var result = new DictValue();
                foreach (var (key, value) in dictionary.Items)
                {
                    result.Set(Evaluate(key, scope), Evaluate(value, scope));
                }

                return result;
            default:
                throw new InvalidOperationException($"expression {expression.GetType().Name} has no meaning");
        }
    }

    private Value? Optional(Expr? expression, Scope scope) => expression is null ? null : Evaluate(expression, scope);

    private List<Value> EvaluateAll(IReadOnlyList<Expr> expressions, Scope scope)
    {
        var values = new List<Value>(expressions.Count);
        foreach (var expression in expressions)
        {
            values.Add(Evaluate(expression, scope));
        }

        return values;
    }

    private BoolValue Compare(CompareExpr compare, Scope scope)
    {
        var left = Evaluate(compare.First, scope);
        foreach (var (op, operand) in compare.Rest)
        {
            var right = Evaluate(operand, scope);
            ChargeFor(right);
            if (!Operators.Compare(op, left, right))
            {
                return BoolValue.False;
            }

            left = right;
        }

        return BoolValue.True;
    }

    private Value ApplyFilters(FilterExpr filter, Value? blockText, Scope scope)
    {
        // A chain in a block has the text of the block at its innermost end.
        var target = filter.Target switch
        {
            null => blockText!,
            FilterExpr inner when blockText is not null => ApplyFilters(inner, blockText, scope),
            _ => Evaluate(filter.Target, scope),
        };
        var arguments = Arguments(filter.Arguments, scope, null);
        ChargeFor(target);
        Line = filter.Line;
        return Filters.Invoke(this, filter.Name, target, arguments);
    }

    private Value Call(CallExpr call, Scope scope, KeyValuePair<string, Value>? caller)
    {
        var target = Evaluate(call.Target, scope);
        var arguments = Arguments(call.Arguments, scope, caller);
        Line = call.Line;
        return target switch
        {
            CallableValue callable => callable.Call(this, arguments),
            UndefinedValue undefined => throw undefined.Error(),
            _ => throw new ChatTemplateException($"a value of type '{target.TypeName}' cannot be called"),
        };
    }

    private CallArguments Arguments(ArgumentList list, Scope scope, KeyValuePair<string, Value>? caller)
    {
        if (ReferenceEquals(list, ArgumentList.Empty) && caller is null)
        {
            return CallArguments.Empty;
        }

        var positional = EvaluateAll(list.Positional, scope);
        var named = new List<KeyValuePair<string, Value>>();
        foreach (var (name, value) in list.Named)
        {
            named.Add(new(name, Evaluate(value, scope)));
        }

        if (list.Star is not null)
        {
            positional.AddRange(Evaluate(list.Star, scope).RequireItems());
        }

        if (list.DoubleStar is not null)
        {
            var mapping = Evaluate(list.DoubleStar, scope) as DictValue ?? throw new ChatTemplateException("the value after '**' must be a mapping");
            named.AddRange(mapping.Pairs.Select(pair => KeyValuePair.Create(StringMethods.String(pair.Key).Text, pair.Value)));
        }

        if (caller is not null)
        {
            named.Add(caller.Value);
        }

        if (named.GroupBy(pair => pair.Key, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new ChatTemplateException($"the argument '{twice.Key}' is given twice");
        }

        return new(positional, named);
    }
}
