namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>
/// Text whose characters know their origin. Lengths and indexes count code points, as in Python.
/// </summary>
/// <param name="text">The characters.</param>
/// <param name="isMarkup">Whether it went through <c>safe</c> or <c>escape</c>: joining it with other text escapes that text.</param>
internal sealed class StringValue(OriginText text, bool isMarkup = false) : Value
{
    public static readonly StringValue Empty = new(OriginText.Empty);

    public OriginText Rope => text;

    public string Text => text.Text;

    public bool IsMarkup => isMarkup;

    public override string TypeName => isMarkup ? "Markup" : "str";

    public override bool IsTrue => text.Length > 0;

    public override bool FromInput => text.AnyInput;

    public override int? Length => PythonText.Length(Text);

    public override IEnumerable<Value> Items
    {
        get
        {
            for (var i = 0; i < Text.Length;)
            {
                var size = PythonText.SizeAt(Text, i);
                yield return new StringValue(text.Slice(i, size));
                i += size;
            }
        }
    }

    public static StringValue FromTemplate(string text) => new(OriginText.Of(text, fromInput: false));

    /// <summary>The same kind of string with other characters.</summary>
    public StringValue With(OriginText other) => new(other, isMarkup);

    /// <summary>Code points <c>[start, stop)</c>, clamped to the text.</summary>
    public OriginText SliceCodePoints(int start, int stop)
    {
        var from = PythonText.Offset(Text, start);
        return text.Slice(from, PythonText.Offset(Text, stop) - from);
    }
}
