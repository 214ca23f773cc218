using InferenceServer.Models.Tokenization.Json;
using InferenceServer.Models.Tokenization.Patterns;

namespace InferenceServer.Models.Tokenization.PreTokenizers;

/// <summary>Builds pre-tokenizers from the <c>pre_tokenizer</c> entry of tokenizer.json.</summary>
internal static class PreTokenizerReader
{
    /// <summary><c>\w+|[^\w\s]+</c> with the <c>\w</c> of Rust's regex crate, which this step uses.</summary>
    private const string RustWords = @"[[:word:]\x{200C}\x{200D}]+|[^[:word:]\x{200C}\x{200D}\s]+";

    public static PreTokenizer Read(JsonField field) => field.Type switch
    {
        "Sequence" => new SequencePreTokenizer([.. field.Required("pretokenizers").Items().Select(Read)]),
        "ByteLevel" => new ByteLevelPreTokenizer(field.Bool("add_prefix_space", true), field.Bool("use_regex", true)),
        "Split" => new SplitPreTokenizer(
            PatternReader.Read(field.Required("pattern")), ReadBehavior(field.Required("behavior")), field.Bool("invert", false)),
        "Digits" => new SplitPreTokenizer(
            CodePointPattern.Numeric, field.Bool("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
        "Punctuation" => new SplitPreTokenizer(CodePointPattern.Punctuation,
            field.Optional("behavior") is { } behavior ? ReadBehavior(behavior) : SplitBehavior.Isolated),
        "Whitespace" => new SplitPreTokenizer(new RegexPattern(RustWords), SplitBehavior.Removed, invert: true),
        "WhitespaceSplit" => new SplitPreTokenizer(CodePointPattern.WhiteSpace, SplitBehavior.Removed),
        "BertPreTokenizer" => new SequencePreTokenizer(
        [
            new SplitPreTokenizer(CodePointPattern.WhiteSpace, SplitBehavior.Removed),
            new SplitPreTokenizer(CodePointPattern.Punctuation, SplitBehavior.Isolated),
        ]),
        "CharDelimiterSplit" => new SplitPreTokenizer(
            new LiteralPattern(field.OneCharacter("delimiter", "")), SplitBehavior.Removed),
        "Metaspace" => ReadMetaspace(field),
        "UnicodeScripts" => new UnicodeScriptsPreTokenizer(),
        "FixedLength" => field.Int("length", 5) is var length and > 0
            ? new FixedLengthPreTokenizer(length)
            : throw field.Required("length").Error("a positive number", "0 or less"),
        _ => throw field.Unsupported("pre-tokenizer", "Sequence, ByteLevel, Split, Digits, Punctuation, Whitespace, WhitespaceSplit, " +
            "BertPreTokenizer, CharDelimiterSplit, Metaspace, UnicodeScripts, FixedLength"),
    };

    /// <summary>The scheme, or what files from before it existed said with <c>add_prefix_space</c>.</summary>
    public static PrependScheme ReadScheme(JsonField field)
    {
        if (field.Optional("prepend_scheme") is not { } scheme)
            return field.Bool("add_prefix_space", true) ? PrependScheme.Always : PrependScheme.Never;
        return scheme.AsString() switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            _ => throw scheme.Error("always, first or never", scheme.Describe()),
        };
    }

    private static MetaspacePreTokenizer ReadMetaspace(JsonField field) =>
        new(field.OneCharacter("replacement", "▁"), ReadScheme(field), field.Bool("split", true));

    private static SplitBehavior ReadBehavior(JsonField field) => field.AsString() switch
    {
        "Removed" => SplitBehavior.Removed,
        "Isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        _ => throw field.Error("Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous", field.Describe()),
    };
}
