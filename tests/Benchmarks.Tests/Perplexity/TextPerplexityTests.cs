using InferenceServer.Benchmarks.Perplexity;

namespace InferenceServer.Benchmarks.Tests.Perplexity;

public sealed class TextPerplexityTests
{
    [Fact]
    public void Of_equal_chances_it_is_their_number() => Assert.Equal(512, TextPerplexity.Of([.. Enumerable.Repeat(-Math.Log(512), 7)]), 9);

    [Fact]
    public void It_is_the_geometric_mean_of_inverse_probabilities() => Assert.Equal(4, TextPerplexity.Of([-Math.Log(2), -Math.Log(8)]), 9);

    [Fact]
    public void Long_texts_take_several_windows_and_a_lone_token_none() =>
        Assert.Equal([[1, 2, 3], [4, 5, 6]], TextPerplexity.Windows([1, 2, 3, 4, 5, 6, 7], 3));

    [Theory]
    [InlineData(" 12 now.\n", "12 now.", true)]
    [InlineData("12 now", "12 now.", false)]
    public void An_answer_is_right_whatever_the_white_space_around_it(string answer, string expected, bool right) =>
        Assert.Equal(right, TaskAccuracy.IsRight(answer, expected));
}
