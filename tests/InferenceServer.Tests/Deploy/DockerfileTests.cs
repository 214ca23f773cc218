using System.Text.RegularExpressions;
using System.Xml.Linq;
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
        foreach (var stage in (string[])["cpu", "cuda"]) RunsLikeAServer(Stage(stage));
        Assert.DoesNotContain(Instructions, line => line.Name == "FROM" && line.Arguments.Contains(":latest", StringComparison.Ordinal));
    }

    private static void RunsLikeAServer(List<(string Name, string Arguments)> last)
    {
        Assert.Equal("1654", Assert.Single(last, line => line.Name == "USER").Arguments);
        Assert.Equal("SIGTERM", Assert.Single(last, line => line.Name == "STOPSIGNAL").Arguments);
        var health = Assert.Single(last, line => line.Name == "HEALTHCHECK").Arguments;
        Assert.Contains("\"--probe\"", health, StringComparison.Ordinal);
        Assert.Contains("/health", health, StringComparison.Ordinal);
        // Signals reach the server itself: no shell stands between.
        Assert.StartsWith("[", Assert.Single(last, line => line.Name == "ENTRYPOINT").Arguments, StringComparison.Ordinal);
        Assert.DoesNotContain(last, line => line.Name is "RUN" or "ADD" or "CMD");
    }

    [Fact]
    public void The_cpu_image_is_built_unless_another_is_asked_for_and_the_cuda_image_differs_in_its_engine()
    {
        Assert.Equal("${RUNTIME} AS cpu", Instructions.Last(line => line.Name == "FROM").Arguments);
        Assert.DoesNotContain("Torch", string.Join('\n', [.. Stage("build"), .. Stage("cpu")]), StringComparison.Ordinal);
        Assert.Contains("-p:Torch=true", Assert.Single(Stage("build-cuda"), line => line.Name == "RUN").Arguments, StringComparison.Ordinal);
        var cuda = Stage("cuda");
        Assert.Contains(cuda, line => line.Name == "COPY" && line.Arguments.StartsWith("--from=build-cuda ", StringComparison.Ordinal));
        Assert.Contains("Engine__Device=cuda:0", Assert.Single(cuda, line => line.Name == "ENV").Arguments, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_torch_package_is_the_one_of_a_build_outside()
    {
        var properties = XDocument.Load(Repository.Path("Directory.Build.props"));
        foreach (var name in (string[])["TorchSharpPackage", "TorchSharpVersion"])
            Assert.Contains(Stage("build-cuda"), line => line == ("ARG", $"{name}={properties.Descendants(name).Single().Value}"));
    }

    [Fact]
    public void Every_step_that_restores_takes_a_configuration_which_no_layer_keeps()
    {
        var restoring = Instructions.Where(line => line.Name == "RUN" && line.Arguments.Contains("dotnet ", StringComparison.Ordinal)
            && !line.Arguments.Contains("--no-restore", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, restoring.Count);
        Assert.All(restoring, line => Assert.StartsWith("--mount=type=secret,id=nuget,target=/root/.nuget/NuGet/NuGet.Config ", line.Arguments, StringComparison.Ordinal));
        Assert.DoesNotContain(Instructions, line => line.Name == "COPY" && line.Arguments.Contains("NuGet.Config", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>From its FROM to the next.</summary>
    private static List<(string Name, string Arguments)> Stage(string name) =>
        [.. Instructions.SkipWhile(line => !(line.Name == "FROM" && line.Arguments.EndsWith($" AS {name}", StringComparison.Ordinal))).Skip(1).TakeWhile(line => line.Name != "FROM")];

    private static List<(string Name, string Arguments)> Read()
    {
        var text = File.ReadAllText(Repository.Path("Dockerfile")).Replace("\\\n", " ", StringComparison.Ordinal);
        return [.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' ', 2)).Select(parts => (parts[0], parts[1].Trim()))];
    }

    [GeneratedRegex("Include=\"(\\.\\./[^\"]+)\"")]
    private static partial Regex Outside();
}
