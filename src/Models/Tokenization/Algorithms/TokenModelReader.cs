using InferenceServer.Models.Tokenization.Json;

namespace InferenceServer.Models.Tokenization.Algorithms;

/// <summary>Builds the model from the <c>model</c> entry of tokenizer.json.</summary>
internal static class TokenModelReader
{
    public static TokenModel Read(TokenizerFile file)
    {
        var model = file.Model;
        return (model.StringOrNull("type") ?? Guess(file, model)) switch
        {
            "BPE" => ReadBpe(file, model),
            "WordLevel" => new WordLevelModel(file.ReadVocabulary(), model.String("unk_token", "<unk>")),
            "WordPiece" => new WordPieceModel(file.ReadVocabulary(), model.String("unk_token", "[UNK]"),
                model.String("continuing_subword_prefix", "##"), model.Int("max_input_chars_per_word", 100)),
            "Unigram" => ReadUnigram(file, model),
            _ => throw model.Unsupported("model", "BPE, WordLevel, WordPiece, Unigram"),
        };
    }

    /// <summary>Files written before tokenizers 0.9 do not name the model's type.</summary>
    private static string Guess(TokenizerFile file, JsonField model) =>
        file.HasMerges ? "BPE"
        : file.VocabularyIsList ? "Unigram"
        : model.Optional("max_input_chars_per_word") is not null ? "WordPiece"
        : "WordLevel";

    private static BpeModel ReadBpe(TokenizerFile file, JsonField model)
    {
        var vocabulary = file.ReadVocabulary();
        var options = new BpeOptions(
            model.StringOrNull("unk_token"), model.Bool("fuse_unk", false), model.Bool("byte_fallback", false),
            model.Bool("ignore_merges", false), model.String("continuing_subword_prefix", ""), model.String("end_of_word_suffix", ""));
        return new BpeModel(vocabulary, file.ReadMerges(vocabulary, options.ContinuingPrefix.Length), options);
    }

    private static UnigramModel ReadUnigram(TokenizerFile file, JsonField model)
    {
        var vocabulary = file.ReadScoredVocabulary(out var scores);
        var unknown = model.Int("unk_id", -1);
        if (unknown >= scores.Length)
            throw model.Required("unk_id").Error($"an id below {scores.Length}", $"{unknown}");
        return new UnigramModel(vocabulary, scores, unknown, model.Bool("byte_fallback", false));
    }
}
