using System.Buffers;
using System.Text;

namespace InferenceServer.Models.Tokenization.Unicode;

/// <summary>
/// NFC, NFD, NFKC and NFKD (Unicode Standard Annex 15). Written out because <see cref="string.Normalize()"/>
/// returns its input unchanged in invariant-globalization mode.
/// </summary>
internal static class UnicodeNormalizer
{
    private const int SBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7;
    private const int LCount = 19, VCount = 21, TCount = 28, NCount = VCount * TCount, SCount = LCount * NCount;

    private static readonly Lazy<Tables> Lazy = new(() => new Tables());

    /// <summary>Returns the text in the given normalization form; well-formed UTF-16 in, well-formed UTF-16 out.</summary>
    public static string Normalize(string text, NormalizationForm form)
    {
        if (Ascii.IsValid(text))
            return text;
        var tables = Lazy.Value;
        var unsafeMask = form switch
        {
            NormalizationForm.FormC => Traits.ChangesUnderC,
            NormalizationForm.FormD => Traits.ChangesUnderD,
            NormalizationForm.FormKC => Traits.ChangesUnderC | Traits.ChangesUnderK,
            _ => Traits.ChangesUnderD | Traits.ChangesUnderK,
        };
        if (!tables.AnyTrait(text, unsafeMask))
            return text;
        var compatibility = form is NormalizationForm.FormKC or NormalizationForm.FormKD;
        var codePoints = Decompose(text, compatibility, tables);
        if (form is NormalizationForm.FormC or NormalizationForm.FormKC)
            Compose(codePoints, tables);
        var result = new StringBuilder(codePoints.Count);
        foreach (var codePoint in codePoints)
            Append(result, codePoint);
        return result.ToString();
    }

    private static void Append(StringBuilder builder, int codePoint)
    {
        if (codePoint < 0x10000)
            builder.Append((char)codePoint);
        else
            builder.Append((char)(0xD800 + ((codePoint - 0x10000) >> 10))).Append((char)(0xDC00 + ((codePoint - 0x10000) & 0x3FF)));
    }

    private static List<int> Decompose(string text, bool compatibility, Tables tables)
    {
        var result = new List<int>(text.Length + 16);
        var classes = UnicodeTables.CombiningClasses;
        var runStart = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var before = result.Count;
            Expand(rune.Value, compatibility, result);
            for (var i = before; i < result.Count; i++)
            {
                if (classes[result[i]] != 0)
                    continue;
                Order(result, runStart, i, classes);
                runStart = i + 1;
            }
        }

        Order(result, runStart, result.Count, classes);
        return result;
    }

    private static void Expand(int codePoint, bool compatibility, List<int> result)
    {
        var s = codePoint - SBase;
        if (s is >= 0 and < SCount)
        {
            result.Add(LBase + s / NCount);
            result.Add(VBase + s % NCount / TCount);
            if (s % TCount != 0)
                result.Add(TBase + s % TCount);
        }
        else if (UnicodeTables.Decompositions.TryGetValue(codePoint, out var step) && (compatibility || !step.Compatibility))
        {
            foreach (var part in step.Mapping)
                Expand(part, compatibility, result);
        }
        else
        {
            result.Add(codePoint);
        }
    }

    /// <summary>Stable sort of a run of non-starters by combining class; a counting sort, so hostile runs stay linear.</summary>
    private static void Order(List<int> codePoints, int start, int end, PagedTable<byte> classes)
    {
        var sorted = true;
        for (var i = start + 1; i < end && sorted; i++)
            sorted = classes[codePoints[i - 1]] <= classes[codePoints[i]];
        if (sorted)
            return;
        Span<int> next = stackalloc int[257];
        next.Clear();
        for (var i = start; i < end; i++)
            next[classes[codePoints[i]] + 1]++;
        for (var c = 1; c < next.Length; c++)
            next[c] += next[c - 1];
        var copy = ArrayPool<int>.Shared.Rent(end - start);
        codePoints.CopyTo(start, copy, 0, end - start);
        for (var i = 0; i < end - start; i++)
            codePoints[start + next[classes[copy[i]]]++] = copy[i];
        ArrayPool<int>.Shared.Return(copy);
    }

    private static void Compose(List<int> codePoints, Tables tables)
    {
        var classes = UnicodeTables.CombiningClasses;
        int starter = -1, write = 0, lastClass = -1;
        for (var read = 0; read < codePoints.Count; read++)
        {
            var codePoint = codePoints[read];
            var combiningClass = classes[codePoint];
            // Blocked unless nothing, or only lower classes, stand between the starter and this one.
            if (starter >= 0 && lastClass < combiningClass && tables.Compose(codePoints[starter], codePoint) is var composed and >= 0)
            {
                codePoints[starter] = composed;
                continue;
            }

            codePoints[write] = codePoint;
            if (combiningClass == 0)
            {
                starter = write;
                lastClass = -1;
            }
            else
            {
                lastClass = combiningClass;
            }

            write++;
        }

        codePoints.RemoveRange(write, codePoints.Count - write);
    }

    [Flags]
    private enum Traits : byte
    {
        ChangesUnderC = 1,
        ChangesUnderD = 2,
        ChangesUnderK = 4,
    }

    private sealed class Tables
    {
        private readonly Dictionary<long, int> _pairs = [];
        private readonly PagedTable<byte> _traits = new();

        public Tables()
        {
            for (var codePoint = 0; codePoint < 0x110000; codePoint++)
            {
                if (UnicodeTables.CombiningClasses[codePoint] != 0)
                    Mark(codePoint, Traits.ChangesUnderC | Traits.ChangesUnderD);
            }

            foreach (var (codePoint, step) in UnicodeTables.Decompositions)
            {
                Mark(codePoint, step.Compatibility ? Traits.ChangesUnderK : Traits.ChangesUnderD);
                if (HasCompatibilityPart(step.Mapping))
                    Mark(codePoint, Traits.ChangesUnderK);
                if (step.Recomposes)
                {
                    _pairs[Key(step.Mapping[0], step.Mapping[1])] = codePoint;
                    Mark(step.Mapping[1], Traits.ChangesUnderC);
                }
                else if (!step.Compatibility)
                {
                    Mark(codePoint, Traits.ChangesUnderC);
                }
            }

            for (var s = SBase; s < SBase + SCount; s++)
                Mark(s, Traits.ChangesUnderD);
            for (var jamo = VBase; jamo < TBase + TCount; jamo++)
                Mark(jamo, Traits.ChangesUnderC);
        }

        public bool AnyTrait(string text, Traits mask)
        {
            foreach (var rune in text.EnumerateRunes())
            {
                if ((_traits[rune.Value] & (byte)mask) != 0)
                    return true;
            }

            return false;
        }

        private static bool HasCompatibilityPart(int[] mapping) => Array.Exists(mapping, part =>
            UnicodeTables.Decompositions.TryGetValue(part, out var step) && (step.Compatibility || HasCompatibilityPart(step.Mapping)));

        /// <summary>The primary composite of a pair, or -1.</summary>
        public int Compose(int first, int second)
        {
            int l = first - LBase, v = second - VBase;
            if (l is >= 0 and < LCount && v is >= 0 and < VCount)
                return SBase + (l * VCount + v) * TCount;
            int s = first - SBase, t = second - TBase;
            if (s is >= 0 and < SCount && s % TCount == 0 && t is > 0 and < TCount)
                return first + t;
            return _pairs.TryGetValue(Key(first, second), out var composed) ? composed : -1;
        }

        private static long Key(int first, int second) => ((long)first << 32) | (uint)second;

        private void Mark(int codePoint, Traits trait) => _traits[codePoint] = (byte)(_traits[codePoint] | (byte)trait);
    }
}
