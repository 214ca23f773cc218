using System.Diagnostics;
using InferenceServer.Tests.Support;

namespace InferenceServer.Tests.Deploy;

/// <summary>deploy/kubernetes, without a cluster: against the types of Kubernetes' API, and against itself.</summary>
public sealed class ManifestTests
{
    private static readonly string Check = Repository.Path("tests/InferenceServer.Tests/Deploy/manifests");
    private static readonly string Manifests = Repository.Path("deploy/kubernetes");

    [Fact]
    public async Task Manifests_are_what_Kubernetes_takes_and_fit_together_and_mistakes_are_found()
    {
        await InstallAsync();
        var (code, output) = await RunAsync("node", "check.mjs", Manifests);
        Assert.True(code == 0, output);

        foreach (var (file, right, wrong, named) in new[]
        {
            ("deployment.yaml", "readinessProbe:", "readynessProbe:", "readynessProbe"),
            ("deployment.yaml", "replicas: 2", "replicas: two", "number"),
            ("deployment.yaml", "terminationGracePeriodSeconds: 150", "terminationGracePeriodSeconds: 30", "draining"),
            ("service.yaml", "app.kubernetes.io/name: inference-server\n  ports", "app.kubernetes.io/name: other\n  ports", "service selects"),
        })
        {
            var folder = Directory.CreateTempSubdirectory("manifests-").FullName;
            foreach (var path in Directory.GetFiles(Manifests)) File.Copy(path, Path.Combine(folder, Path.GetFileName(path)));
            var text = await File.ReadAllTextAsync(Path.Combine(folder, file));
            Assert.Contains(right, text, StringComparison.Ordinal);
            await File.WriteAllTextAsync(Path.Combine(folder, file), text.Replace(right, wrong, StringComparison.Ordinal));
            (code, output) = await RunAsync("node", "check.mjs", folder);
            Assert.Equal(1, code);
            Assert.Contains(named, output, StringComparison.Ordinal);
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task InstallAsync()
    {
        try
        {
            await RunAsync("node", "--version");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("node is not installed: the manifests were not checked.");
        }

        if (Directory.Exists(Path.Combine(Check, "node_modules/kubernetes-models"))) return;
        var (code, output) = await RunAsync("npm", "ci", "--no-audit", "--no-fund");
        Assert.True(code == 0, output);
    }

    private static async Task<(int Code, string Output)> RunAsync(string program, params string[] args)
    {
        using var process = Process.Start(new ProcessStartInfo(program, args) { WorkingDirectory = Check, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await errors);
    }
}
