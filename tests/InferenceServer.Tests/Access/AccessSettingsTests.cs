using InferenceServer.Access;
using InferenceServer.Hosting;
using Microsoft.Extensions.Configuration;

namespace InferenceServer.Tests.Access;

/// <summary>How keys may be configured.</summary>
public sealed class AccessSettingsTests
{
    private const string Hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    [Fact]
    public void A_plain_key_is_taken_from_the_environment_and_stands_for_its_hash()
    {
        const string Prefix = "INFERENCE_SERVER_ACCESS_TEST_";
        Environment.SetEnvironmentVariable($"{Prefix}Access__Keys__0__Key", "test-key");
        Environment.SetEnvironmentVariable($"{Prefix}Access__Keys__0__Name", "env");
        var access = Read(new ConfigurationBuilder().AddEnvironmentVariables(Prefix));
        // sha256sum of the eight letters.
        Assert.Equal("62af8704764faf8ea82fc61ce9c4c3908b6cb97d463a634e9e587d7c885db0ef", Convert.ToHexStringLower(access.Keys[0].Digest()));
    }

    [Fact]
    public void A_plain_key_in_a_file_or_on_the_command_line_is_refused_with_what_to_do_and_without_the_key()
    {
        const string Key = "plain-key-0123456789";
        var json = $$$"""{"Access":{"Keys":[{"Name":"a","Key":"{{{Key}}}"}]}}""";
        var file = Path.GetTempFileName();
        File.WriteAllText(file, json);
        foreach (var source in new[] { new ConfigurationBuilder().AddJsonFile(file), new ConfigurationBuilder().AddCommandLine(["--Access:Keys:0:Name", "a", "--Access:Keys:0:Key", Key]) })
        {
            var problem = Assert.Throws<SettingsException>(() => Read(source)).Message;
            Assert.Contains("Access__Keys__0__Key", problem, StringComparison.Ordinal);
            Assert.Contains("sha256sum", problem, StringComparison.Ordinal);
            Assert.DoesNotContain(Key, problem, StringComparison.Ordinal);
        }

        File.Delete(file);
    }

    [Theory]
    [InlineData("Name", "with space", "Access:Keys:0:Name")]
    [InlineData("Name", "a/b", "Access:Keys:0:Name")]
    [InlineData("Sha256", "9f86", "Access:Keys:0:Sha256")]
    [InlineData("Sha256", null, "Access:Keys:0")]
    [InlineData("RequestsPerMinute", "-1", "Access:Keys:0:RequestsPerMinute")]
    public void A_bad_entry_is_named(string field, string? value, string named)
    {
        var settings = new Dictionary<string, string?> { ["Access:Keys:0:Name"] = "a", ["Access:Keys:0:Sha256"] = Hash, [$"Access:Keys:0:{field}"] = value };
        Assert.Contains(named, Assert.Throws<SettingsException>(() => Read(new ConfigurationBuilder().AddInMemoryCollection(settings))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a", "0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("b", Hash)]
    public void Two_keys_of_one_name_and_one_key_of_two_names_are_refused(string name, string hash)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Access:Keys:0:Name"] = "a",
            ["Access:Keys:0:Sha256"] = Hash,
            ["Access:Keys:1:Name"] = name,
            ["Access:Keys:1:Sha256"] = hash,
        };
        Assert.Throws<SettingsException>(() => Read(new ConfigurationBuilder().AddInMemoryCollection(settings)));
    }

    [Theory]
    [InlineData("chat.example.org")]
    [InlineData("https://chat.example.org/")]
    [InlineData("https://chat.example.org/path")]
    public void An_origin_is_a_scheme_and_a_host(string origin) =>
        Assert.Throws<SettingsException>(() => Read(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("Access:CorsOrigins:0", (string?)origin)])));

    private static AccessSettings Read(IConfigurationBuilder builder)
    {
        var configuration = builder.Build();
        var access = configuration.GetSection(AccessSettings.Section).Get<AccessSettings>() ?? new AccessSettings();
        access.RequirePlainKeysFromEnvironment(configuration);
        access.Validate();
        return access;
    }
}
