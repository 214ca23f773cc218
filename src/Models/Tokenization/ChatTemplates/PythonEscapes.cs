using System.Globalization;
using System.Text;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Backslash escapes of a string literal, as Python's <c>unicode-escape</c> codec reads them.</summary>
internal static class PythonEscapes
{
    /// <summary>Decodes the escape at <paramref name="i"/> (its backslash) and returns the index after it.</summary>
    public static int Decode(string source, int i, StringBuilder text, Func<string, ChatTemplateException> error)
    {
        var c = source[i + 1];
        switch (c)
        {
            case '\n': return i + 2;
            case '\\' or '\'' or '"': text.Append(c); return i + 2;
            case 'a': text.Append('\a'); return i + 2;
            case 'b': text.Append('\b'); return i + 2;
            case 'f': text.Append('\f'); return i + 2;
            case 'n': text.Append('\n'); return i + 2;
            case 'r': text.Append('\r'); return i + 2;
            case 't': text.Append('\t'); return i + 2;
            case 'v': text.Append('\v'); return i + 2;
            case 'x': return Hex(source, i, 2, text, error);
            case 'u': return Hex(source, i, 4, text, error);
            case 'U': return Hex(source, i, 8, text, error);
            case 'N': throw error("\\N{...} escapes are not supported: write the character itself");
            case >= '0' and <= '7':
                var end = i + 1;
                var value = 0;
                while (end < source.Length && end < i + 4 && source[end] is >= '0' and <= '7')
                {
                    value = (value * 8) + source[end++] - '0';
                }

                text.Append((char)value);
                return end;
            default:
                text.Append('\\').Append(c);
                return i + 2;
        }
    }

    private static int Hex(string source, int i, int digits, StringBuilder text, Func<string, ChatTemplateException> error)
    {
        if (i + 2 + digits > source.Length
            || !uint.TryParse(source.AsSpan(i + 2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            || value > 0x10FFFF)
        {
            throw error($"a \\{source[i + 1]} escape needs {digits} hexadecimal digits");
        }

        if (value < 0x10000)
        {
            text.Append((char)value);
        }
        else
        {
            text.Append(char.ConvertFromUtf32((int)value));
        }

        return i + 2 + digits;
    }
}
