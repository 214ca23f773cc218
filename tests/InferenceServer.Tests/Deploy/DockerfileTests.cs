using System.Text.RegularExpressions;
using InferenceServer.Tests.Support;

namespace InferenceServer.Tests.Deploy;

/// <summary>The Dockerfile against the repository it copies, and against what an image should be.</summary>
public sealed partial class DockerfileTests
{
    private static readonly IReadOnlyList<(string Name, string Arguments)> Instructions = Read();

    [Fact]
    public void Everything_it_copies_is_there_and_not_ignored()
    {
        var kept = File.ReadAllLines(Repository.Path(".dockerignore")).Where(line => line.StartsWith('!')).Select(line => line[1..]).ToList();
        Assert.Contains("*", File.ReadAllLines(Repository.Path(".dockerignore")));
        var sources = Instructions.Where(line => line.Name == "COPY" && !line.Arguments.StartsWith("--from", StringComparison.Ordinal))
            .SelectMany(line => line.Arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)[..^1]).ToList();
        Assert.NotEmpty(sources);
        Assert.All(sources, source =>
        {
            Assert.True(Path.Exists(Repository.Path(source)), source);
            Assert.Contains(kept, entry => source == entry || source.StartsWith(entry + "/", StringComparison.Ordinal));
        });
        // What a project refers to above its own folder has to come along.
        foreach (var project in sources.Where(source => source.EndsWith(".csproj", StringComparison.Ordinal)))
        {
            foreach (Match include in Outside().Matches(File.ReadAllText(Repository.Path(project))))
            {
                var path = Path.GetRelativePath(Repository.Path("."), Path.GetFullPath(include.Groups[1].Value, Repository.Path(Path.GetDirectoryName(project)!)));
                Assert.Contains(sources, source => path == source || path.StartsWith(source + "/", StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public void The_image_is_run_by_nobody_in_particular_and_asks_for_its_health()
    {
        var last = Instructions.Skip(Instructions.ToList().FindLastIndex(line => line.Name == "FROM")).ToList();
        Assert.Equal("1654", Assert.Single(last, line => line.Name == "USER").Arguments);
        Assert.Equal("SIGTERM", Assert.Single(last, line => line.Name == "STOPSIGNAL").Arguments);
        var health = Assert.Single(last, line => line.Name == "HEALTHCHECK").Arguments;
        Assert.Contains("\"--probe\"", health, StringComparison.Ordinal);
        Assert.Contains("/health", health, StringComparison.Ordinal);
        // Signals reach the server itself: no shell stands between.
        Assert.StartsWith("[", Assert.Single(last, line => line.Name == "ENTRYPOINT").Arguments, StringComparison.Ordinal);
        Assert.DoesNotContain(last, line => line.Name is "RUN" or "ADD" or "CMD");
        Assert.DoesNotContain(Instructions, line => line.Name == "FROM" && line.Arguments.Contains(":latest", StringComparison.Ordinal));
    }

    private static List<(string Name, string Arguments)> Read()
    {
        var text = File.ReadAllText(Repository.Path("Dockerfile")).Replace("\\\n", " ", StringComparison.Ordinal);
        return [.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' ', 2)).Select(parts => (parts[0], parts[1].Trim()))];
    }

    [GeneratedRegex("Include=\"(\\.\\./[^\"]+)\"")]
    private static partial Regex Outside();
}
