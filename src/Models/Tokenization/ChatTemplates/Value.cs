using System.Numerics;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>A value of a template, with the behaviour of its Python counterpart.</summary>
internal abstract class Value
{
    /// <summary>Python's name of the type, for messages.</summary>
    public abstract string TypeName { get; }

    public virtual bool IsTrue => true;

    /// <summary>Whether the value itself, apart from what it contains, came from the input.</summary>
    public virtual bool FromInput => false;

    /// <summary>Python's <c>len</c>, or null where there is none.</summary>
    public virtual int? Length => null;

    /// <summary>Python's <c>iter</c>, or null where the value is not iterable.</summary>
    public virtual IEnumerable<Value>? Items => null;

    /// <summary>Python's <c>len</c> with its error.</summary>
    public int RequireLength() => Length ?? throw new ChatTemplateException($"a value of type '{TypeName}' has no length");

    /// <summary>Python's <c>iter</c> with its error.</summary>
    public IEnumerable<Value> RequireItems() => Items ?? throw new ChatTemplateException($"a value of type '{TypeName}' is not iterable");
}

/// <summary>A variable or attribute that does not exist: prints as nothing, fails when it is used for more.</summary>
internal sealed class UndefinedValue(string message) : Value
{
    public override string TypeName => "Undefined";

    public override bool IsTrue => false;

    public override int? Length => 0;

    public override IEnumerable<Value> Items => [];

    public static UndefinedValue Variable(string name) => new($"'{name}' is undefined");

    public static UndefinedValue Attribute(Value target, string name) => target is UndefinedValue undefined
        ? throw undefined.Error()
        : new($"a value of type '{target.TypeName}' has no attribute '{name}'");

    public ChatTemplateException Error() => new(message);
}

internal sealed class NoneValue : Value
{
    public static readonly NoneValue Instance = new(isAbsent: false);

    /// <summary>
    /// Tools or documents that the request does not have. Hugging Face passes None for them; this None can also be looped
    /// over and counted as nothing, because some templates meant for tools do so without asking whether there are any.
    /// </summary>
    public static readonly NoneValue Absent = new(isAbsent: true);

    private readonly bool _isAbsent;

    private NoneValue(bool isAbsent) => _isAbsent = isAbsent;

    public override int? Length => _isAbsent ? 0 : null;

    public override IEnumerable<Value>? Items => _isAbsent ? [] : null;

    public override string TypeName => "NoneType";

    public override bool IsTrue => false;
}

internal sealed class BoolValue(bool value, bool fromInput) : Value
{
    public static readonly BoolValue True = new(true, fromInput: false);
    public static readonly BoolValue False = new(false, fromInput: false);

    public override string TypeName => "bool";

    public override bool IsTrue => value;

    public override bool FromInput => fromInput;

    public static BoolValue Of(bool value) => value ? True : False;
}

internal sealed class IntValue(BigInteger value, bool fromInput = false) : Value
{
    public BigInteger Number => value;

    public override string TypeName => "int";

    public override bool IsTrue => !value.IsZero;

    public override bool FromInput => fromInput;
}

internal sealed class FloatValue(double value, bool fromInput = false) : Value
{
    public double Number => value;

    public override string TypeName => "float";

    public override bool IsTrue => value != 0;

    public override bool FromInput => fromInput;
}
