using InferenceServer.Models.Tokenization.Json;
using InferenceServer.Models.Tokenization.PreTokenizers;

namespace InferenceServer.Models.Tokenization.Decoders;

/// <summary>Makes chains of stages as the <c>decoder</c> entry of tokenizer.json describes; each stream gets its own.</summary>
internal sealed class DecoderReader
{
    private readonly List<Func<DecoderStage>> _stages = [];
    private readonly string _separator;

    /// <param name="field">The entry, or null: then tokens are joined by spaces.</param>
    public DecoderReader(JsonField? field)
    {
        _separator = field is null ? " " : "";
        if (field is not null)
            Add(field.Value);
    }

    /// <summary>Whether tokens spell bytes in GPT-2's alphabet.</summary>
    public bool IsByteLevel { get; private set; }

    /// <summary>Whether tokens such as <c>&lt;0x0A&gt;</c> are bytes.</summary>
    public bool HasByteFallback { get; private set; }

    /// <summary>A fresh chain: push into First, take text from Sink.</summary>
    public (DecoderStage First, TextSink Sink) CreateChain()
    {
        var sink = new TextSink(_separator);
        DecoderStage first = sink;
        for (var i = _stages.Count - 1; i >= 0; i--)
        {
            var stage = _stages[i]();
            stage.Next = first;
            first = stage;
        }

        return (first, sink);
    }

    private void Add(JsonField field)
    {
        switch (field.Type)
        {
            case "Sequence":
                foreach (var decoder in field.Required("decoders").Items())
                    Add(decoder);
                break;
            case "ByteLevel":
                IsByteLevel = true;
                _stages.Add(() => new ByteLevelDecoder());
                break;
            case "ByteFallback":
                HasByteFallback = true;
                _stages.Add(() => new ByteFallbackDecoder());
                break;
            case "Fuse":
                _stages.Add(() => new FuseDecoder());
                break;
            case "Replace":
                AddReplace(field);
                break;
            case "Strip":
                var character = field.OneCharacter("content", " ");
                int start = field.Int("start", 0), stop = field.Int("stop", 0);
                _stages.Add(() => new StripDecoder(character, start, stop));
                break;
            case "Metaspace":
                var replacement = field.OneCharacter("replacement", "▁");
                var prepends = PreTokenizerReader.ReadScheme(field) != PrependScheme.Never;
                _stages.Add(() => new MetaspaceDecoder(replacement, prepends));
                break;
            case "WordPiece":
                var prefix = field.String("prefix", "##");
                var cleanup = field.Bool("cleanup", true);
                _stages.Add(() => new WordPieceDecoder(prefix, cleanup));
                break;
            case "BPEDecoder":
                var suffix = field.String("suffix", "</w>");
                _stages.Add(() => new BpeSuffixDecoder(suffix));
                break;
            default:
                throw field.Unsupported("decoder", "Sequence, ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace, WordPiece, BPEDecoder");
        }
    }

    private void AddReplace(JsonField field)
    {
        var pattern = field.Required("pattern");
        var content = field.Required("content").AsString();
        if (pattern.StringOrNull("String") is { } literal)
        {
            _stages.Add(() => new ReplaceDecoder(literal, content));
            return;
        }

        var regex = PatternReader.Read(pattern);
        _stages.Add(() => new RegexReplaceDecoder(regex, content));
    }
}
