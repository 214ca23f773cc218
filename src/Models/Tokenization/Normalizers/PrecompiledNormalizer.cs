using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace InferenceServer.Models.Tokenization.Normalizers;

/// <summary>
/// SentencePiece's precompiled character map: a little-endian length, a Darts double-array trie over UTF-8 and the
/// NUL-terminated replacements its values point into (sentencepiece, builder.cc and normalizer.cc).
/// </summary>
internal sealed class PrecompiledNormalizer : Normalizer
{
    private readonly uint[] _trie;
    private readonly byte[] _replacements;

    /// <exception cref="FormatException">The blob is not a character map.</exception>
    public PrecompiledNormalizer(byte[] blob)
    {
        var size = blob.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(blob) : uint.MaxValue;
        if (size == 0 || size % 4 != 0 || size > blob.Length - 4)
            throw new FormatException("a character map whose trie does not fit into it");
        _trie = new uint[size / 4];
        for (var i = 0; i < _trie.Length; i++)
            _trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(blob.AsSpan(4 + 4 * i));
        _replacements = blob[(4 + (int)size)..];
    }

    public override string Normalize(string text, ref bool atOrigin)
    {
        var result = new StringBuilder(text.Length);
        Span<byte> utf8 = stackalloc byte[8];
        for (var position = 0; position < text.Length;)
        {
            var length = StringInfo.GetNextTextElementLength(text, position);
            var element = text.AsSpan(position, length);
            // Short grapheme clusters may be replaced whole, by the replacement of their shortest mapped prefix.
            if (Encoding.UTF8.GetByteCount(element) < 6 && Find(utf8[..Encoding.UTF8.GetBytes(element, utf8)]) is { } whole)
            {
                atOrigin &= position > 0 || whole.Length > 0;
                result.Append(whole);
            }
            else
            {
                foreach (var rune in element.EnumerateRunes())
                {
                    var replacement = Find(utf8[..rune.EncodeToUtf8(utf8)]);
                    atOrigin &= result.Length > 0 || replacement != "";
                    result.Append(replacement ?? rune.ToString());
                }
            }

            position += length;
        }

        return result.ToString();
    }

    /// <summary>The replacement of the shortest prefix of the key in the trie, or null. Unit layout: darts-clone.</summary>
    private string? Find(ReadOnlySpan<byte> key)
    {
        var node = Offset(_trie[0]);
        foreach (var b in key)
        {
            node ^= b;
            if (b == 0 || node >= _trie.Length || (_trie[node] & 0x800000FF) != b)
                return null;
            var unit = _trie[node];
            node ^= Offset(unit);
            if ((unit >> 8 & 1) == 1 && node < _trie.Length)
                return ReplacementAt(_trie[node] & 0x7FFFFFFF);
        }

        return null;
    }

    private string ReplacementAt(uint start)
    {
        if (start >= _replacements.Length)
            return "";
        var text = _replacements.AsSpan((int)start);
        var end = text.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 0x200) >> 6);
}
