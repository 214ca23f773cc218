using InferenceServer.Metrics;

namespace InferenceServer.Tests.Metrics;

public sealed class PrometheusTextTests
{
    [Fact]
    public void Labels_and_help_are_escaped_and_histograms_add_up()
    {
        var text = new PrometheusText();
        text.Head("a_seconds", "histogram", "A backslash \\ and a\nnew line.");
        text.Histogram("a_seconds", [("model_name", "quote \" back \\ line \n end")], [0.5, 1], [2, 0, 3], 12.25);
        Assert.Equal(
            """
            # HELP a_seconds A backslash \\ and a\nnew line.
            # TYPE a_seconds histogram
            a_seconds_bucket{model_name="quote \" back \\ line \n end",le="0.5"} 2
            a_seconds_bucket{model_name="quote \" back \\ line \n end",le="1"} 2
            a_seconds_bucket{model_name="quote \" back \\ line \n end",le="+Inf"} 5
            a_seconds_sum{model_name="quote \" back \\ line \n end"} 12.25
            a_seconds_count{model_name="quote \" back \\ line \n end"} 5

            """.ReplaceLineEndings("\n"),
            text.ToString());
        Assert.Equal(5, Exposition.Parse(text.ToString())["a_seconds_count"]);
    }

    [Theory]
    [InlineData("a 1\n")]
    [InlineData("# HELP a b\n# TYPE a counter\na 1\n")]
    [InlineData("# HELP a_total b\n# TYPE a_total counter\na_total 1\na_total 1\n")]
    [InlineData("# HELP a_total b\n# TYPE a_total counter\na_total{x=\"1\",} 1\n")]
    [InlineData("# HELP a b\n# TYPE a gauge\na{x=\"1\\t\"} 1\n")]
    [InlineData("# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n")]
    [InlineData("# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n")]
    public void The_reader_of_these_tests_refuses_what_a_scraper_should(string text) => Assert.ThrowsAny<Exception>(() => Exposition.Parse(text));
}
