using System.Text;
using InferenceServer.Models.Constraints;
using InferenceServer.Models.Constraints.Tokens;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tokenization;

namespace InferenceServer.Models.Tests.Constraints;

/// <summary>Masks against what following every token alone says.</summary>
public sealed class MaskTests
{
    private const string Person =
        """{"type":"object","properties":{"name":{"type":"string","maxLength":30},"id":{"type":"string","pattern":"^[A-Z]{2}-\\d+$"},"tags":{"type":"array","items":{"enum":["one","two"]}},"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["name","next"]}""";

    public static TheoryData<string> Tokenizers => ["gpt2", "llama2", "llama3.1", "qwen3"];

    [Fact]
    public void A_mask_holds_the_tokens_that_can_be_followed_and_no_others()
    {
        foreach (var schema in new[] { Person, "true", """{"type":"array","items":{"type":"number","minimum":3}}""" })
        {
            var constraint = Spelling.Schema(schema, vocabulary: Spelling.Seams);
            for (var seed = 0; seed < 20; seed++) Compare(constraint, Spelling.Seams, new Random(seed), 60, 1);
        }
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Real_vocabularies_are_masked_token_by_token(string name)
    {
        var vocabulary = Real(name, out var tokenizer);
        var constraint = Spelling.Schema(Person, vocabulary: vocabulary);
        Compare(constraint, vocabulary, new Random(5), 25, 37);

        // What the tokenizer itself makes of a document is allowed, whatever its tokens reach over.
        const string Text = "{\"name\": \"Zoë \\\"the\\\" 😀 cat\", \"id\": \"AB-12\", \"tags\": [\"one\", \"two\"], \"next\": {\"name\": \"\", \"next\": null}}";
        var guide = new AnswerGuide(constraint);
        foreach (var id in tokenizer.EncodeToIds(Text, addSpecialTokens: false, parseSpecialTokens: false))
        {
            Assert.True(guide.Allowed.Contains(id), $"'{tokenizer.IdToToken(id)}'");
            guide.Accept(id);
        }

        Assert.True(guide.IsFinal);
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Bytes_of_tokens_are_what_the_tokenizer_decodes(string name)
    {
        _ = Real(name, out var tokenizer);
        var bytes = tokenizer.TokenBytes();
        const string Text = "A line, 12.5 %\n\tand \"quotes\" — ünïcode, 漢字, 😀🏳️‍🌈.";
        var ids = tokenizer.EncodeToIds(Text, addSpecialTokens: false);
        Assert.Equal(Text, Encoding.UTF8.GetString([.. ids.SelectMany(id => bytes[id]!)]).TrimStart(' '));
    }

    [Fact]
    public void Sampling_draws_only_what_is_allowed_and_reports_what_the_model_said()
    {
        float[] logits = [5, 4, 3, 2, 1];
        var mask = new TokenMask([0b01100]);
        var greedy = Sampler.Sample([.. logits], new SampleSpec { Allowed = mask, TopLogprobs = 1 });
        var free = Sampler.Sample([.. logits], new SampleSpec { TopLogprobs = 3 });
        Assert.Equal((2, true), (greedy.Token, greedy.Finite));
        Assert.Equal(free.Top[2].Logprob, greedy.Logprob);
        Assert.Equal(0, greedy.Top[0].Token);
        for (uint i = 0; i < 200; i++)
        {
            foreach (var spec in new[] { new SampleSpec(), new SampleSpec { TopK = 4 }, new SampleSpec { TopP = 0.9f }, new SampleSpec { MinP = 0.01f } })
            {
                var drawn = Sampler.Sample([.. logits], spec with { Temperature = 2, Allowed = mask, Index = i, Bias = new Dictionary<int, float> { [0] = 100 } });
                Assert.True(drawn.Token is 2 or 3);
            }
        }

        Assert.False(Sampler.Sample([.. logits], new SampleSpec { Allowed = new TokenMask([1UL << 40]) }).Finite);
    }

    private static Vocabulary Real(string name, out Tokenizer tokenizer)
    {
        var data = Environment.GetEnvironmentVariable("REFERENCE_DATA");
        Assert.SkipWhen(data is null, "REFERENCE_DATA is not set.");
        var known = tokenizer = Tokenizer.Load(Path.Combine(data!, "tokenizers", name));
        return new Vocabulary(tokenizer.TokenBytes(), [Enumerable.Range(0, known.VocabularySize).First(known.IsSpecial)]);
    }

    private static void Compare(AnswerConstraint constraint, Vocabulary vocabulary, Random random, int steps, int stride)
    {
        var guide = new AnswerGuide(constraint);
        var at = constraint.Begin;
        for (var step = 0; step < steps && !guide.IsFinal; step++)
        {
            var mask = guide.Allowed;
            for (var id = random.Next(stride); id < vocabulary.Trie.VocabularySize; id += stride)
            {
                var expected = vocabulary.EndTokens.Contains(id) ? guide.IsComplete : vocabulary.Trie.BytesOf(id).Length > 0 && constraint.Follow(at, id) is not null;
                Assert.True(expected == mask.Contains(id), $"token {id} at step {step}");
            }

            var allowed = Enumerable.Range(0, vocabulary.Trie.VocabularySize).Where(id => mask.Contains(id) && !vocabulary.EndTokens.Contains(id)).ToArray();
            var token = allowed[random.Next(allowed.Length)];
            guide.Accept(token);
            at = constraint.Follow(at, token)!;
        }
    }
}
