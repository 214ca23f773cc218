using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Turns JSON of a request into values that are marked as input.</summary>
internal static class JsonValues
{
    /// <summary>
    /// Roles that count as template text. Some templates build a marker around the role (<c>'&lt;|' + role + '|&gt;'</c>),
    /// and none of these words can turn that into anything but the marker of a turn.
    /// </summary>
    private static readonly HashSet<string> Roles = new(StringComparer.Ordinal)
    {
        "system", "developer", "user", "assistant", "model", "tool", "function", "ipython", "observation",
    };

    public static ListValue FromMessages(IReadOnlyList<JsonElement> messages)
    {
        var list = new List<Value>(messages.Count);
        foreach (var message in messages)
        {
            if (message.ValueKind != JsonValueKind.Object)
            {
                throw new ChatTemplateException("every message must be a JSON object");
            }

            var value = (DictValue)FromJson(message);
            if (value.Find("role") is StringValue role && Roles.Contains(role.Text))
            {
                value.Set(StringValue.FromTemplate("role"), StringValue.FromTemplate(role.Text));
            }

            list.Add(value);
        }

        return new(list, fromInput: true);
    }

    public static Value FromOptional(IReadOnlyList<JsonElement>? items) =>
        items is null ? NoneValue.Absent : new ListValue([.. items.Select(FromJson)], fromInput: true);

    public static Value FromJson(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                return new StringValue(OriginText.Of(ReadString(json.GetString), fromInput: true));
            case JsonValueKind.Number:
                return Number(json);
            case JsonValueKind.True or JsonValueKind.False:
                return new BoolValue(json.ValueKind == JsonValueKind.True, fromInput: true);
            case JsonValueKind.Array:
                return new ListValue([.. json.EnumerateArray().Select(FromJson)], fromInput: true);
            case JsonValueKind.Object:
                var dictionary = new DictValue(fromInput: true);
                foreach (var property in json.EnumerateObject())
                {
                    var name = ReadString(() => property.Name);
                    dictionary.Set(new StringValue(OriginText.Of(name, fromInput: true)), FromJson(property.Value));
                }

                return dictionary;
            default:
                return NoneValue.Instance;
        }
    }

    private static Value Number(JsonElement json)
    {
        var digits = json.GetRawText();
        if (digits.AsSpan().IndexOfAny('.', 'e', 'E') >= 0)
        {
            return new FloatValue(double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture), fromInput: true);
        }

        return digits.Length <= PythonNumbers.MaxDigits
            ? new IntValue(BigInteger.Parse(digits, CultureInfo.InvariantCulture), fromInput: true)
            : throw new ChatTemplateException($"a number in the input has more than {PythonNumbers.MaxDigits} digits");
    }

    private static string ReadString(Func<string?> read)
    {
        try
        {
            return read()!;
        }
        catch (InvalidOperationException e)
        {
            throw new ChatTemplateException("a string in the input holds half of a surrogate pair", e);
        }
    }
}
