using System.IO.Compression;
using System.Text;

namespace InferenceServer.Models.Tokenization.Unicode;

/// <summary>
/// Combining classes, decompositions and scripts from the Unicode Character Database (see generate_tables.pl).
/// They are decoded on first use and need neither ICU nor a culture.
/// </summary>
internal static partial class UnicodeTables
{
    private static readonly Lazy<PagedTable<byte>> LazyCombiningClasses = new(ReadCombiningClasses);
    private static readonly Lazy<Dictionary<int, Decomposition>> LazyDecompositions = new(ReadDecompositions);
    private static readonly Lazy<List<NamedRange>> LazyScriptRanges = new(() => ReadRanges(ScriptData));
    private static readonly Lazy<List<NamedRange>> LazyPropertyRanges = new(() => ReadRanges(PropertyData));
    private static readonly Lazy<PagedTable<byte>> LazyScripts = new(FillScripts);

    /// <summary>Canonical_Combining_Class per code point; 0 for starters.</summary>
    public static PagedTable<byte> CombiningClasses => LazyCombiningClasses.Value;

    /// <summary>One-step decompositions, without Hangul syllables (those are computed).</summary>
    public static IReadOnlyDictionary<int, Decomposition> Decompositions => LazyDecompositions.Value;

    /// <summary>Ranges of code points per script, in code point order.</summary>
    public static IReadOnlyList<NamedRange> ScriptRanges => LazyScriptRanges.Value;

    /// <summary>Ranges of code points per binary property, property by property.</summary>
    public static IReadOnlyList<NamedRange> PropertyRanges => LazyPropertyRanges.Value;

    public static string[] PropertyNames { get; } = Inflate(PropertyNameData, data => Encoding.ASCII.GetString(data).Split('\0'));

    public static string[] ScriptNames { get; } = Inflate(ScriptNameData, data => Encoding.ASCII.GetString(data).Split('\0'));

    /// <summary>The script of a code point as an index into <see cref="ScriptNames"/> plus one; 0 is Unknown.</summary>
    public static int ScriptOf(int codePoint) => LazyScripts.Value[codePoint];

    private static PagedTable<byte> ReadCombiningClasses() => Inflate(CombiningClassData, data =>
    {
        var table = new PagedTable<byte>();
        var reader = new VarintReader(data);
        var start = 0;
        for (var left = reader.Next(); left > 0; left--)
        {
            start += reader.Next();
            var end = start + reader.Next();
            table.Fill(start, end, (byte)reader.Next());
        }

        return table;
    });

    private static Dictionary<int, Decomposition> ReadDecompositions() => Inflate(DecompositionData, data =>
    {
        var reader = new VarintReader(data);
        var left = reader.Next();
        var table = new Dictionary<int, Decomposition>(left);
        for (var codePoint = 0; left > 0; left--)
        {
            codePoint += reader.Next();
            var flags = reader.Next();
            var mapping = new int[reader.Next()];
            for (var i = 0; i < mapping.Length; i++)
                mapping[i] = reader.Next();
            table.Add(codePoint, new Decomposition(mapping, (flags & 1) != 0, (flags & 2) != 0));
        }

        return table;
    });

    private static List<NamedRange> ReadRanges(string base64) => Inflate(base64, data =>
    {
        var reader = new VarintReader(data);
        var left = reader.Next();
        var ranges = new List<NamedRange>(left);
        for (; left > 0; left--)
        {
            int delta = reader.Next(), length = reader.Next(), name = reader.Next();
            // Properties follow one another, each counted from 0; scripts are interleaved in one count.
            var start = delta + (ranges.Count == 0 || (ReferenceEquals(base64, PropertyData) && ranges[^1].Name != name) ? 0 : ranges[^1].Start);
            ranges.Add(new NamedRange(start, start + length, name));
        }

        return ranges;
    });

    private static PagedTable<byte> FillScripts()
    {
        var table = new PagedTable<byte>();
        foreach (var range in ScriptRanges)
            table.Fill(range.Start, range.End, checked((byte)(range.Name + 1)));
        return table;
    }

    private static T Inflate<T>(string base64, Func<byte[], T> read)
    {
        using var inflated = new MemoryStream();
        using (var source = new ZLibStream(new MemoryStream(Convert.FromBase64String(base64)), CompressionMode.Decompress))
            source.CopyTo(inflated);
        return read(inflated.ToArray());
    }

    /// <param name="Mapping">Code points of one decomposition step.</param>
    /// <param name="Compatibility">Used by NFKC and NFKD only.</param>
    /// <param name="Recomposes">A canonical pair that NFC puts together again.</param>
    public readonly record struct Decomposition(int[] Mapping, bool Compatibility, bool Recomposes);

    /// <summary>Code points [Start, End) of one script or property, which is given as an index of its name.</summary>
    public readonly record struct NamedRange(int Start, int End, int Name);

    private struct VarintReader(byte[] data)
    {
        private int _position;

        public int Next()
        {
            var value = 0;
            for (var shift = 0; ; shift += 7)
            {
                var b = data[_position++];
                value |= (b & 0x7F) << shift;
                if (b < 0x80)
                    return value;
            }
        }
    }
}
