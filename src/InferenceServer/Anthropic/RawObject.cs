using System.Text.Json;
using System.Text.Json.Serialization;

namespace InferenceServer.Anthropic;

/// <summary>A JSON object as it was written, however deep it nests.</summary>
[JsonConverter(typeof(RawObjectConverter))]
public sealed record RawObject(string Text)
{
    public static RawObject Empty { get; } = new("{}");

    /// <summary>What is complete of an object whose text was cut: a member or entry that was begun is left out.</summary>
    /// <param name="text">The beginning of an object; may be empty.</param>
    public static RawObject FromCut(string text)
    {
        if (text.Length == 0) return Empty;
        var closers = new Stack<char>();
        var (complete, inString, escaped) = (0, false, false);
        for (var at = 0; at < text.Length; at++)
        {
            var next = text[at];
            if (inString)
            {
                inString = escaped || next != '"';
                escaped = !escaped && next == '\\';
                continue;
            }

            if (next == '"') inString = true;
            if (next is '{' or '[') closers.Push(next == '{' ? '}' : ']');
            if (next is '}' or ']') closers.Pop();
            if (next is '{' or '[' or '}' or ']') complete = at + 1;
            if (next == ',') complete = at;
        }

        return new RawObject(text[..complete] + string.Concat(closers));
    }
}

/// <summary>Writes a <see cref="RawObject"/>; none is ever read.</summary>
public sealed class RawObjectConverter : JsonConverter<RawObject>
{
    public override RawObject Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

    public override void Write(Utf8JsonWriter writer, RawObject value, JsonSerializerOptions options) => writer.WriteRawValue(value.Text, skipInputValidation: true);
}
