using System.Text.Json;

namespace InferenceServer.Models.Tests.Tokenization;

/// <summary>Texts and ids published by llama.cpp and transformers.js for well-known tokenizers.</summary>
public class PublishedVectorTests
{
    [Theory]
    [InlineData("gpt2", 72)]
    [InlineData("llama2", 83)]
    [InlineData("llama3.1", 83)]
    [InlineData("qwen3", 71)]
    public void Every_published_vector_encodes_and_decodes(string name, int expectedCount)
    {
        var tokenizer = ReferenceTokenizers.Load(name);
        var failures = new List<string>();
        var count = 0;
        foreach (var line in File.ReadLines(Path.Combine(ReferenceTokenizers.Directory("vectors"), "tokenizers.jsonl")))
        {
            var row = JsonDocument.Parse(line).RootElement;
            if (row.GetProperty("tokenizer").GetString() != name)
                continue;
            count++;
            var text = row.GetProperty("text").GetString()!;
            var ids = row.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray();
            // llama.cpp's rows are without BOS.
            var actual = tokenizer.EncodeToIds(text, addSpecialTokens: row.GetProperty("source").GetString() != "llama.cpp");
            if (!ids.SequenceEqual(actual))
                failures.Add($"encode {JsonSerializer.Serialize(text)}: expected {string.Join(' ', ids)}, got {string.Join(' ', actual)}");
            if (row.TryGetProperty("decoded", out var decoded) && CleanedUp(name, tokenizer.Decode(ids)) is var got && got != decoded.GetString())
                failures.Add($"decode {string.Join(' ', ids)}: expected {decoded.GetRawText()}, got {JsonSerializer.Serialize(got)}");
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.Equal(expectedCount, count);
    }

    [Fact]
    public void The_small_llama_checkpoint_encodes_its_published_prompt_and_decodes_its_greedy_text()
    {
        var tokenizer = ReferenceTokenizers.Load("stories260K");
        var folder = ReferenceTokenizers.Directory("weights", "stories260K");
        var greedy = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "greedy200.json"))).RootElement;
        var ids = greedy.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray();
        Assert.Equal(greedy.GetProperty("text").GetString(), tokenizer.Decode(ids, skipSpecialTokens: true));
        var prompts = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "reference_fp64.json"))).RootElement.GetProperty("refs");
        foreach (var reference in prompts.EnumerateArray())
        {
            var expected = reference.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32());
            Assert.Equal(expected, tokenizer.EncodeToIds(reference.GetProperty("prompt").GetString()!));
        }

        Assert.Equal(512, tokenizer.VocabularySize);
    }

    /// <summary>transformers' <c>clean_up_tokenization</c>, which these two tokenizers had on when the rows were recorded.</summary>
    private static string CleanedUp(string name, string text)
    {
        if (name is not ("gpt2" or "llama3.1"))
            return text;
        string[] joined = [".", "?", "!", ",", "n't", "'m", "'s", "'ve", "'re"];
        return joined.Aggregate(text, (result, suffix) => result.Replace(" " + suffix, suffix));
    }
}
