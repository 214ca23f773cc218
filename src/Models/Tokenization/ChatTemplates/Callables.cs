namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>A value that can be called.</summary>
internal abstract class CallableValue : Value
{
    public abstract Value Call(Interpreter interpreter, CallArguments arguments);
}

/// <summary>A built-in function or a method bound to its object.</summary>
internal sealed class FunctionValue(string name, Func<Interpreter, CallArguments, Value> body) : CallableValue
{
    public FunctionValue(string name, string parameters, Func<Interpreter, Value?[], Value> body)
        : this(name, (interpreter, arguments) => body(interpreter, new Signature(name + "()", parameters).Bind(arguments)))
    {
    }

    public string Name => name;

    public override string TypeName => "builtin_function_or_method";

    public override Value Call(Interpreter interpreter, CallArguments arguments) => body(interpreter, arguments);
}

/// <summary>A macro with the scope it was defined in.</summary>
internal sealed class MacroValue(string name, MacroDefinition definition, Scope scope) : CallableValue
{
    public string Name => name;

    public MacroDefinition Definition => definition;

    public override string TypeName => "Macro";

    public override Value Call(Interpreter interpreter, CallArguments arguments) => interpreter.CallMacro(name, definition, scope, arguments);
}
