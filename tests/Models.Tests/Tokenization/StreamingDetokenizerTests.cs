using System.Text;
using InferenceServer.Models.Tokenization;

namespace InferenceServer.Models.Tests.Tokenization;

public class StreamingDetokenizerTests
{
    [Fact]
    public void Byte_level_streams_equal_utf8_decoding_of_all_bytes_for_random_tokens()
    {
        var tokenizer = SyntheticTokenizers.ByteLevel();
        var random = new Random(1);
        for (var round = 0; round < 300; round++)
        {
            // Half of the rounds are valid text cut into bytes, the others are any bytes.
            var bytes = round % 2 == 0 ? Encoding.UTF8.GetBytes(RandomText.Next(random, 20)) : RandomBytes(random);
            var ids = bytes.Select(b => (int)b).ToArray();
            Assert.Equal(Encoding.UTF8.GetString(bytes), Stream(tokenizer, ids));
            Assert.Equal(Encoding.UTF8.GetString(bytes), tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void Byte_fallback_streams_resolve_each_run_as_a_whole()
    {
        var tokenizer = SyntheticTokenizers.Load("bpe_f1b1i0");
        var random = new Random(2);
        for (var round = 0; round < 300; round++)
        {
            var expected = new StringBuilder();
            var ids = new List<int>();
            for (var run = random.Next(1, 5); run > 0; run--)
            {
                var bytes = random.Next(2) == 0 ? RandomBytes(random) : Encoding.UTF8.GetBytes(RandomText.Next(random, 3));
                ids.AddRange(bytes.Select(b => tokenizer.TokenToId($"<0x{b:X2}>")!.Value));
                try
                {
                    expected.Append(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes));
                }
                catch (DecoderFallbackException)
                {
                    expected.Append('\uFFFD', bytes.Length);
                }

                ids.Add(tokenizer.TokenToId("the")!.Value);
                expected.Append("the");
            }

            // The decoder of this tokenizer strips one leading space of the whole text.
            var text = expected.ToString();
            Assert.Equal(text.StartsWith(' ') ? text[1..] : text, Stream(tokenizer, ids));
        }
    }

    [Fact]
    public void Streams_equal_batch_decoding_for_random_ids_of_every_fixture()
    {
        var random = new Random(3);
        foreach (var name in SyntheticTokenizers.Names)
        {
            var tokenizer = SyntheticTokenizers.Load(name);
            var ids = Enumerable.Range(0, 200).Select(_ => random.Next(-2, tokenizer.VocabularySize + 2)).ToArray();
            Assert.Equal(tokenizer.Decode(ids, skipSpecialTokens: true), Stream(tokenizer, ids));
        }
    }

    [Fact]
    public void Text_comes_as_soon_as_its_last_byte()
    {
        var detokenizer = SyntheticTokenizers.ByteLevel().CreateDetokenizer();
        Assert.Equal("", detokenizer.Append(0xF0));
        Assert.Equal("", detokenizer.Append(0x9F));
        Assert.Equal("", detokenizer.Append(0x98));
        Assert.Equal("😀", detokenizer.Append(0x80));
        Assert.Equal("a", detokenizer.Append('a'));
        Assert.Equal("", detokenizer.Append(0xE2));
        Assert.Equal("\uFFFD", detokenizer.Flush());
        Assert.Equal("", detokenizer.Flush());
        Assert.Throws<InvalidOperationException>(() => detokenizer.Append('a'));
    }

    [Fact]
    public void A_leading_space_is_stripped_only_at_the_start_of_the_text()
    {
        var tokenizer = SyntheticTokenizers.Load("bpe_f1b1i0");
        var detokenizer = tokenizer.CreateDetokenizer();
        var the = tokenizer.TokenToId("▁the")!.Value;
        Assert.Equal("the", detokenizer.Append(the));
        Assert.Equal(" the", detokenizer.Append(the));
    }

    [Fact]
    public void Special_tokens_are_left_out_on_request_and_unknown_ids_are_nothing()
    {
        var tokenizer = SyntheticTokenizers.ByteLevel();
        var end = tokenizer.TokenToId("<|end|>")!.Value;
        int[] ids = ['h', end, 'i', 100_000, -1];
        Assert.Equal("hi", tokenizer.Decode(ids, skipSpecialTokens: true));
        Assert.Equal("h<|end|>i", tokenizer.Decode(ids));
        Assert.True(tokenizer.IsSpecial(end));
        Assert.False(tokenizer.IsSpecial('h'));
    }

    private static byte[] RandomBytes(Random random)
    {
        var bytes = new byte[random.Next(1, 12)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string Stream(Tokenizer tokenizer, IReadOnlyList<int> ids)
    {
        var detokenizer = tokenizer.CreateDetokenizer();
        var text = new StringBuilder();
        foreach (var id in ids)
        {
            var part = detokenizer.Append(id);
            Assert.True(part.Length == 0 || (!char.IsLowSurrogate(part[0]) && !char.IsHighSurrogate(part[^1])), "half a code point");
            text.Append(part);
        }

        return text.Append(detokenizer.Flush()).ToString();
    }
}
