using System.Text;

namespace InferenceServer.Models.Tokenization;

/// <summary>
/// GPT-2's reversible mapping of bytes to printable characters (openai/gpt-2, encoder.py, <c>bytes_to_unicode</c>):
/// printable Latin-1 stands for itself, the other 68 bytes are U+0100 onwards in order.
/// </summary>
internal static class ByteAlphabet
{
    private const int Limit = 0x100 + 68;
    private static readonly char[] Characters = new char[256];
    private static readonly short[] Bytes = new short[Limit];

    static ByteAlphabet()
    {
        Array.Fill(Bytes, (short)-1);
        var next = 0x100;
        for (var b = 0; b < 256; b++)
        {
            var printable = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            Characters[b] = (char)(printable ? b : next++);
            Bytes[Characters[b]] = (short)b;
        }
    }

    /// <summary>The byte a character stands for, or -1.</summary>
    public static int ByteOf(char character) => character < Limit ? Bytes[character] : -1;

    /// <summary>Appends the UTF-8 bytes of the text in the alphabet.</summary>
    public static void AppendEncoded(StringBuilder builder, ReadOnlySpan<char> text)
    {
        Span<byte> utf8 = stackalloc byte[768];
        Span<char> mapped = stackalloc char[768];
        while (!text.IsEmpty)
        {
            var length = Math.Min(text.Length, 256);
            if (length < text.Length && char.IsHighSurrogate(text[length - 1]))
                length--;
            var count = Encoding.UTF8.GetBytes(text[..length], utf8);
            for (var i = 0; i < count; i++)
                mapped[i] = Characters[utf8[i]];
            builder.Append(mapped[..count]);
            text = text[length..];
        }
    }
}
