using System.Text;
using InferenceServer.Models.Tokenization;

namespace InferenceServer.Models.Tests.Tokenization;

public class TokenizerTests
{
    private const string Minimal = """{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}""";

    [Fact]
    public void Byte_level_tokenizers_give_any_text_back()
    {
        var tokenizer = SyntheticTokenizers.ByteLevel();
        var random = new Random(4);
        for (var i = 0; i < 1000; i++)
        {
            var text = RandomText.Next(random, 40);
            Assert.Equal(text, tokenizer.Decode(tokenizer.EncodeToIds(text)));
        }
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama3.1")]
    public void Published_byte_level_tokenizers_give_any_text_back(string name)
    {
        var tokenizer = ReferenceTokenizers.Load(name);
        var random = new Random(5);
        for (var i = 0; i < 1000; i++)
        {
            var text = RandomText.Next(random, 40);
            Assert.Equal(text, tokenizer.Decode(tokenizer.EncodeToIds(text, addSpecialTokens: false)));
        }
    }

    [Fact]
    public void Unpaired_surrogates_count_as_the_replacement_character()
    {
        var tokenizer = SyntheticTokenizers.ByteLevel();
        Assert.Equal("a\uFFFDb😀\uFFFD", tokenizer.Decode(tokenizer.EncodeToIds("a\uDC00b😀\uD83D")));
    }

    [Fact]
    public void Special_tokens_in_untrusted_text_stay_text()
    {
        var tokenizer = SyntheticTokenizers.ByteLevel();
        var end = tokenizer.TokenToId("<|end|>")!.Value;
        Assert.Equal(['a', end], tokenizer.EncodeToIds("a<|end|>"));
        var parsed = tokenizer.EncodeToIds("a<|end|>", parseSpecialTokens: false);
        Assert.DoesNotContain(end, parsed);
        Assert.Equal(Encoding.ASCII.GetBytes("a<|end|>").Select(b => (int)b), parsed);
    }

    [Fact]
    public void A_million_equal_characters_are_one_piece_merged_in_linearithmic_time()
    {
        var tokenizer = SyntheticTokenizers.ByteLevel();
        var ids = tokenizer.EncodeToIds(new string('a', 1_000_001));
        // a a -> aa, aa aa -> aaaa: a quarter of a million tokens and the last character.
        Assert.Equal(250_001, ids.Count);
        Assert.Equal("aaaa", tokenizer.IdToToken(ids[0]));
        Assert.Equal("a", tokenizer.IdToToken(ids[^1]));
    }

    [Fact]
    public void One_tokenizer_serves_many_threads()
    {
        var tokenizer = SyntheticTokenizers.ByteLevel();
        var random = new Random(6);
        var texts = Enumerable.Range(0, 200).Select(_ => RandomText.Next(random, 30)).ToArray();
        var expected = texts.Select(text => SyntheticTokenizers.ByteLevel().EncodeToIds(text)).Take(20).ToArray();
        Parallel.For(0, 400, i => Assert.Equal(texts[i % 200], tokenizer.Decode(tokenizer.EncodeToIds(texts[i % 200]))));
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], tokenizer.EncodeToIds(texts[i]));
    }

    [Theory]
    [InlineData("""{"tokenizer_class": "LlamaTokenizer", "bos_token": "a", "add_bos_token": true}""", new[] { 0, 2 })]
    [InlineData("""{"tokenizer_class": "LlamaTokenizerFast", "bos_token": {"content": "a"}}""", new[] { 0, 2 })]
    [InlineData("""{"bos_token": "a", "eos_token": "b", "add_bos_token": true, "add_eos_token": true}""", new[] { 0, 2, 1 })]
    [InlineData("""{"bos_token": "a", "eos_token": "b"}""", new[] { 2 })]
    public void The_config_decides_whether_bos_and_eos_are_added(string config, int[] expected) =>
        Assert.Equal(expected, SyntheticTokenizers.LoadJson(Minimal, config).EncodeToIds("ab", parseSpecialTokens: false));

    [Fact]
    public void The_config_can_take_the_templates_bos_away()
    {
        var template = Minimal[..^1] + """
            , "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "a", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
              "pair": [], "special_tokens": {"a": {"id": "a", "ids": [0], "tokens": ["a"]}}}}
            """;
        Assert.Equal([0, 2], SyntheticTokenizers.LoadJson(template).EncodeToIds("ab"));
        var config = """{"bos_token": "a", "add_bos_token": false}""";
        var tokenizer = SyntheticTokenizers.LoadJson(template, config);
        Assert.Equal([2], tokenizer.EncodeToIds("ab", parseSpecialTokens: false));
        Assert.Equal("a", tokenizer.SpecialTokens.Bos);
        Assert.Null(tokenizer.SpecialTokens.Eos);
    }

    [Theory]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}""", "$.model.merges[0]")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}}""", "$.model.merges[0]")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}}""", "$.model.merges[0]")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": "x"}, "merges": []}}""", "$.model.vocab[\"a\"]")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}""", "$.model.vocab[\"a\"]")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 2000000000}, "merges": []}}""", "$.model.vocab[\"a\"]")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}}}""", "$.model.merges")]
    [InlineData("""{"model": {"type": "Neural", "vocab": {"a": 0}}}""", "$.model.type")]
    [InlineData("""{"model": {"vocab": {"a": 0}}, "normalizer": {"type": "Rot13"}}""", "$.normalizer.type")]
    [InlineData("""{"model": {"vocab": {"a": 0}}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Foo"}]}}""", "$.pre_tokenizer.pretokenizers[0].type")]
    [InlineData("""{"model": {"vocab": {"a": 0}}, "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"}}""", "$.pre_tokenizer.pattern.Regex")]
    [InlineData("""{"model": {"vocab": {"a": 0}}, "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(.)\\1"}, "behavior": "Isolated"}}""", "back-references")]
    [InlineData("""{"model": {"vocab": {"a": 0}}, "decoder": {"type": "CTC"}}""", "$.decoder.type")]
    [InlineData("""{"model": {"vocab": {"a": 0}}, "added_tokens": [{"id": 1}]}""", "$.added_tokens[0].content")]
    [InlineData("""{"normalizer": null}""", "$.model")]
    [InlineData("""{"model": {"vocab": """, "expected JSON")]
    [InlineData("[]", "$")]
    public void Malformed_files_are_refused_with_the_place(string json, string place)
    {
        var error = Assert.Throws<InvalidDataException>(() => SyntheticTokenizers.LoadJson(json));
        Assert.Contains("tokenizer.json", error.Message);
        Assert.Contains(place, error.Message);
    }

    [Fact]
    public void A_directory_without_a_tokenizer_is_a_clear_error()
    {
        var error = Assert.Throws<FileNotFoundException>(() => Tokenizer.Load(Path.Combine(Path.GetTempPath(), "no-such-checkpoint")));
        Assert.Contains("tokenizer.json", error.Message);
    }
}
