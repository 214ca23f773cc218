using InferenceServer.Models.Tokenization.AddedTokens;
using InferenceServer.Models.Tokenization.Algorithms;
using InferenceServer.Models.Tokenization.Decoders;
using InferenceServer.Models.Tokenization.Normalizers;
using InferenceServer.Models.Tokenization.PostProcessors;
using InferenceServer.Models.Tokenization.PreTokenizers;

namespace InferenceServer.Models.Tokenization;

/// <summary>
/// The pipeline of Hugging Face's tokenizers: added tokens are cut out, the sections between them normalized, searched
/// for normalized added tokens, cut into pieces, encoded by the model; special tokens go around the result.
/// </summary>
internal sealed class HuggingFaceTokenizer(
    TokenModel model, AddedVocabulary added, Normalizer? normalizer, PreTokenizer? preTokenizer, PostProcessor postProcessor,
    DecoderReader decoder, SpecialTokens specialTokens) : Tokenizer
{
    private readonly AddedTokenMatcher _rawMatcher = added.CreateRawMatcher();
    private readonly AddedTokenMatcher _normalizedMatcher = added.CreateNormalizedMatcher(normalizer);

    public override int VocabularySize => added.Size;

    public override SpecialTokens SpecialTokens => specialTokens;

    public override IReadOnlyList<int> EncodeToIds(string text, bool addSpecialTokens = true, bool parseSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = WellFormed(text);
        var ids = new List<int>(text.Length / 3 + 4);
        var sections = new List<Section>();
        var inner = new List<Section>();
        _rawMatcher.Split(text, parseSpecialTokens, sections);
        foreach (var section in sections)
        {
            if (section.Id >= 0)
            {
                ids.Add(section.Id);
                continue;
            }

            var atOrigin = section.Start == 0;
            var source = section is { Start: 0 } && section.End == text.Length ? text : text[section.Start..section.End];
            var normalized = normalizer?.Normalize(source, ref atOrigin) ?? source;
            inner.Clear();
            _normalizedMatcher.Split(normalized, parseSpecialTokens, inner);
            foreach (var part in inner)
            {
                if (part.Id >= 0)
                    ids.Add(part.Id);
                else
                    EncodePart(normalized, part, atOrigin && part.Start == 0, ids);
            }
        }

        return addSpecialTokens ? postProcessor.Apply(ids) : ids;
    }

    public override int? TokenToId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return added.Find(token) ?? model.Vocabulary.Find(token);
    }

    public override string? IdToToken(int id) => added.TokenOf(id) ?? model.Vocabulary.TokenOf(id);

    public override bool IsSpecial(int id) => added.IsSpecial(id);

    public override IReadOnlyList<byte[]?> TokenBytes() => new TokenBytes(this, decoder).All();

    public override StreamingDetokenizer CreateDetokenizer(bool skipSpecialTokens = true) => new(this, decoder, skipSpecialTokens);

    private void EncodePart(string normalized, Section part, bool atOrigin, List<int> ids)
    {
        var pieces = new PieceList(normalized);
        pieces.Add(part.Start, part.End - part.Start, atOrigin);
        if (preTokenizer is not null)
            pieces = preTokenizer.Apply(pieces);
        foreach (var piece in pieces.Pieces)
            model.Encode(pieces[piece], ids);
    }

    /// <summary>Replaces unpaired surrogates, which have no UTF-8, by U+FFFD.</summary>
    private static string WellFormed(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
            return text;
        var units = text.ToCharArray();
        for (var i = 0; i < units.Length; i++)
        {
            if (char.IsHighSurrogate(units[i]) && i + 1 < units.Length && char.IsLowSurrogate(units[i + 1]))
                i++;
            else if (char.IsSurrogate(units[i]))
                units[i] = '\uFFFD';
        }

        return new string(units);
    }
}
