using System.Text.Json;
using InferenceServer.Models.Tokenization.AddedTokens;
using InferenceServer.Models.Tokenization.Algorithms;
using InferenceServer.Models.Tokenization.Decoders;
using InferenceServer.Models.Tokenization.Json;
using InferenceServer.Models.Tokenization.Normalizers;
using InferenceServer.Models.Tokenization.PostProcessors;
using InferenceServer.Models.Tokenization.PreTokenizers;

namespace InferenceServer.Models.Tokenization;

/// <summary>Assembles a tokenizer from tokenizer.json and tokenizer_config.json.</summary>
internal static class TokenizerLoader
{
    private const string FileName = "tokenizer.json";
    private const string ConfigName = "tokenizer_config.json";

    /// <summary>Tokenizer classes of transformers that set BOS and EOS themselves, BOS by default, whatever the template says.</summary>
    private static readonly string[] BosByDefault = ["LlamaTokenizer", "CodeLlamaTokenizer", "GemmaTokenizer"];

    public static Tokenizer Load(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        var path = Path.Combine(directory, FileName);
        if (!System.IO.File.Exists(path))
        {
            throw new FileNotFoundException($"{path} does not exist. Checkpoints need a tokenizer.json; where there is only a " +
                "SentencePiece tokenizer.model or vocab.json, save the tokenizer with transformers' AutoTokenizer(use_fast=True).", path);
        }

        var file = new TokenizerFile(ReadBytes(path), path);
        var configPath = Path.Combine(directory, ConfigName);
        return Build(file, System.IO.File.Exists(configPath) ? ReadConfig(configPath) : null);
    }

    private static HuggingFaceTokenizer Build(TokenizerFile file, JsonField? config)
    {
        // Compiling the expressions takes as long as reading a large vocabulary, and neither needs the other.
        var compiling = Task.Run(() => file.Section("pre_tokenizer") is { } p ? PreTokenizerReader.Read(p) : null);
        var model = TokenModelReader.Read(file);
        var preTokenizer = compiling.GetAwaiter().GetResult();
        var normalizer = file.Section("normalizer") is { } n ? NormalizerReader.Read(n) : null;
        var postProcessor = file.Section("post_processor") is { } q ? PostProcessor.Read(q) : PostProcessor.None;
        var added = new AddedVocabulary(model.Vocabulary);
        foreach (var token in file.Section("added_tokens")?.Items() ?? [])
            added.Add(AddedToken.Read(token));
        var special = ReadSpecialTokens(config, added);
        if (config is { } settings)
            postProcessor = ApplyBosAndEos(settings, postProcessor, special, token => added.Find(token) ?? model.Vocabulary.Find(token));
        return new HuggingFaceTokenizer(
            model, added, normalizer, preTokenizer, postProcessor, new DecoderReader(file.Section("decoder")), special);
    }

    /// <summary>Adds the tokens that tokenizer_config.json declares beyond tokenizer.json, as transformers does.</summary>
    private static SpecialTokens ReadSpecialTokens(JsonField? config, AddedVocabulary added)
    {
        if (config is not { } settings)
            return new SpecialTokens();
        var declared = settings.Optional("added_tokens_decoder")?.Members() ?? [];
        foreach (var (_, token) in declared.OrderBy(member => int.TryParse(member.Name, out var id) ? id : int.MaxValue))
        {
            if (AddedToken.Read(token) is var extra && !added.Contains(extra.Content))
                added.Add(extra);
        }

        var special = new SpecialTokens(
            TokenText(settings, "bos_token"), TokenText(settings, "eos_token"), TokenText(settings, "unk_token"), TokenText(settings, "pad_token"));
        foreach (var text in new[] { special.Bos, special.Eos, special.Unknown, special.Pad })
        {
            if (text is not null && !added.Contains(text))
                added.Add(AddedToken.SpecialOf(text));
        }

        return special;
    }

    private static string? TokenText(JsonField config, string name) => config.Optional(name) is not { } token ? null
        : token.Element.ValueKind == JsonValueKind.Object ? token.Required("content").AsString() : token.AsString();

    /// <summary>
    /// <c>add_bos_token</c> and <c>add_eos_token</c>, where given, decide over the template of tokenizer.json: some
    /// published tokenizers say it only there.
    /// </summary>
    private static PostProcessor ApplyBosAndEos(JsonField config, PostProcessor processor, SpecialTokens special, Func<string, int?> find)
    {
        var family = config.StringOrNull("tokenizer_class");
        var defaultBos = family is not null && BosByDefault.Any(name => family == name || family == name + "Fast");
        var addBos = config.BoolOrNull("add_bos_token") ?? (defaultBos && special.Bos is not null ? true : null);
        var addEos = config.BoolOrNull("add_eos_token");
        if (addBos is null && addEos is null)
            return processor;

        int? IdOf(string? token, string name, bool? adds) => token is null ? (adds == true ? throw Missing(name) : null)
            : find(token) ?? throw Missing(name);

        InvalidDataException Missing(string name) =>
            new JsonField(default, config.File, $"$.{name}_token").Error($"a token of the vocabulary, as add_{name}_token is true", "none");

        int? bos = IdOf(special.Bos, "bos", addBos), eos = IdOf(special.Eos, "eos", addEos);
        var (before, after) = processor.Affixes();
        before = Adjust(before, bos, addBos, atStart: true);
        after = Adjust(after, eos, addEos, atStart: false);
        return PostProcessor.None.Wrap(before, after);
    }

    private static int[] Adjust(int[] affix, int? id, bool? wanted, bool atStart)
    {
        if (id is not { } token || wanted is not { } present)
            return affix;
        int[] without = [.. affix.Where(other => other != token)];
        return !present ? without : atStart ? [token, .. without] : [.. without, token];
    }

    private static JsonField ReadConfig(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(ReadBytes(path));
            return new JsonField(document.RootElement.Clone(), path, "$");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: expected JSON: {e.Message}", e);
        }
    }

    private static byte[] ReadBytes(string path)
    {
        // A byte order mark is not JSON, but editors leave one.
        var bytes = System.IO.File.ReadAllBytes(path);
        return bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
    }
}
