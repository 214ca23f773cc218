using System.Text;
using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Models.Tests.Checkpoints;

public class ConfigSectionTests
{
    [Fact]
    public void Values_are_read_and_null_counts_as_absent()
    {
        var config = Parse("""{"layers":4,"eps":1e-5,"name":"x","tied":true,"nothing":null,"inner":{"factor":2.0},"ids":[1,2]}""");
        Assert.Equal(4, config.RequireInteger("layers", 1, 10));
        Assert.Equal(1e-5, config.RequireNumber("eps", 0, 1));
        Assert.Equal("x", config.RequireText("name"));
        Assert.True(config.FindFlag("tied"));
        Assert.False(config.Has("nothing"));
        Assert.Null(config.FindInteger("nothing", 0, 1));
        Assert.Equal(2, config.FindSection("inner")!.RequireNumber("factor", 1, 8));
        Assert.Equal([1, 2], config.FindIntegers("ids", 0, 9, 4));
        Assert.Equal([4], config.FindIntegers("layers", 0, 9, 4));
    }

    [Theory]
    [InlineData("1000000000")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("2.5")]
    [InlineData("1e400")]
    [InlineData("9223372036854775808")]
    [InlineData("\"4\"")]
    [InlineData("true")]
    [InlineData("[4]")]
    public void An_integer_out_of_bounds_names_file_key_expected_and_found(string value)
    {
        var error = Assert.Throws<CheckpointException>(() => Parse($$"""{"num_hidden_layers":{{value}}}""").RequireInteger("num_hidden_layers", 1, 1024));
        Assert.Equal(CheckpointErrorKind.ConfigInvalid, error.Kind);
        Assert.Equal("config.json", error.File);
        Assert.Equal("key 'num_hidden_layers'", error.Subject);
        Assert.Equal("an integer from 1 to 1024", error.Expected);
        Assert.Equal(value, error.Found);
    }

    [Fact]
    public void A_missing_key_of_a_nested_object_is_named_whole()
    {
        var section = Parse("""{"rope_scaling":{}}""").FindSection("rope_scaling")!;
        Assert.Equal("key 'rope_scaling.factor'", Assert.Throws<CheckpointException>(() => section.RequireNumber("factor", 1, 2)).Subject);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("{\"a\":NaN}")]
    [InlineData("{")]
    public void What_is_no_object_is_refused(string json) =>
        Assert.Equal(CheckpointErrorKind.ConfigInvalid, Assert.Throws<CheckpointException>(() => Parse(json)).Kind);

    [Fact]
    public void Deep_nesting_and_bad_characters_are_refused()
    {
        Assert.Throws<CheckpointException>(() => Parse("{\"a\":" + new string('[', 100_000)));
        Assert.Throws<CheckpointException>(() => Parse("""{"a":"\ud800"}""").RequireText("a"));
    }

    [Theory]
    [InlineData("[1,\"2\"]")]
    [InlineData("[1,-1]")]
    [InlineData("[1,2,3,4,5]")]
    [InlineData("\"1\"")]
    public void Ids_must_be_integers_in_bounds(string json) =>
        Assert.Throws<CheckpointException>(() => Parse($$"""{"ids":{{json}}}""").FindIntegers("ids", 0, 9, 4));

    private static ConfigSection Parse(string json) => ConfigSection.Parse("config.json", Encoding.UTF8.GetBytes(json));
}
