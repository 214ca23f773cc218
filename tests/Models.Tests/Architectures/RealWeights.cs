namespace InferenceServer.Models.Tests.Architectures;

/// <summary>Trained models that are not part of the repository; the environment variable REFERENCE_DATA says where they are.</summary>
internal static class RealWeights
{
    public const string Variable = "REFERENCE_DATA";

    /// <summary>The path of a file or folder under weights; the test is skipped where there is none.</summary>
    public static string Path(string name)
    {
        var root = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(root), $"Set {Variable} to the folder of reference data to run this test.");
        var path = System.IO.Path.Combine(root!, "weights", name);
        Assert.SkipUnless(File.Exists(path) || Directory.Exists(path), $"{path} is absent.");
        return path;
    }
}
