using System.Text.Json;

namespace InferenceServer.Models.Tests.Tokenization;

public class SyntheticTokenizerTests
{
    public static TheoryData<string> Names => [.. SyntheticTokenizers.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_component_agrees_with_the_reference_implementation(string name)
    {
        var tokenizer = SyntheticTokenizers.Load(name);
        foreach (var row in SyntheticTokenizers.Cases(name))
        {
            var text = row!["text"]!.GetValue<string>();
            var expected = row["ids"]!.AsArray().Select(id => id!.GetValue<int>()).ToArray();
            var actual = tokenizer.EncodeToIds(text, row["special"]!.GetValue<bool>());
            Assert.True(expected.SequenceEqual(actual),
                $"{JsonSerializer.Serialize(text)}:\nexpected {string.Join(' ', expected)}\ngot      {string.Join(' ', actual)}");
            Assert.Equal(row["decoded"]!.GetValue<string>(), tokenizer.Decode(expected, row["skip"]!.GetValue<bool>()));
        }
    }

    [Fact]
    public void The_fixtures_cover_the_format()
    {
        var names = SyntheticTokenizers.Names.ToArray();
        Assert.True(names.Length > 120);
        foreach (var prefix in new[] { "norm_", "pre_", "meta_", "added_", "post_", "bpe_", "wordlevel", "wordpiece", "unigram", "dec_" })
            Assert.Contains(names, name => name.StartsWith(prefix, StringComparison.Ordinal));
    }
}
