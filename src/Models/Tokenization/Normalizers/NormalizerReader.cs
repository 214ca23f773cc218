using System.Text;
using InferenceServer.Models.Tokenization.Json;

namespace InferenceServer.Models.Tokenization.Normalizers;

/// <summary>Builds normalizers from the <c>normalizer</c> entry of tokenizer.json.</summary>
internal static class NormalizerReader
{
    public static Normalizer Read(JsonField field) => field.Type switch
    {
        "Sequence" => new SequenceNormalizer([.. field.Required("normalizers").Items().Select(Read)]),
        "NFC" => new UnicodeFormNormalizer(NormalizationForm.FormC),
        "NFD" => new UnicodeFormNormalizer(NormalizationForm.FormD),
        "NFKC" => new UnicodeFormNormalizer(NormalizationForm.FormKC),
        "NFKD" => new UnicodeFormNormalizer(NormalizationForm.FormKD),
        "Lowercase" => new LowercaseNormalizer(),
        "Strip" => new StripNormalizer(field.Bool("strip_left", true), field.Bool("strip_right", true)),
        "StripAccents" => MapNormalizer.StripAccents,
        "Prepend" => new PrependNormalizer(field.Required("prepend").AsString()),
        "Replace" => new ReplaceNormalizer(PatternReader.Read(field.Required("pattern")), field.Required("content").AsString()),
        "BertNormalizer" => ReadBert(field),
        "Nmt" => MapNormalizer.Nmt,
        "Precompiled" => ReadPrecompiled(field),
        "ByteLevel" => new ByteLevelNormalizer(),
        _ => throw field.Unsupported("normalizer", "Sequence, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Prepend, Replace, " +
            "BertNormalizer, Nmt, Precompiled, ByteLevel"),
    };

    private static BertNormalizer ReadBert(JsonField field)
    {
        var lowercase = field.Bool("lowercase", true);
        return new BertNormalizer(field.Bool("clean_text", true), field.Bool("handle_chinese_chars", true),
            field.BoolOrNull("strip_accents") ?? lowercase, lowercase);
    }

    private static PrecompiledNormalizer ReadPrecompiled(JsonField field)
    {
        var map = field.Required("precompiled_charsmap");
        try
        {
            return new PrecompiledNormalizer(Convert.FromBase64String(map.AsString()));
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"{map.File}: {map.Path}: expected a SentencePiece character map in base64: {e.Message}", e);
        }
    }
}
