namespace InferenceServer.Tests.Support;

/// <summary>Files of the repository the tests stand in.</summary>
internal static class Repository
{
    private const string Solution = "InferenceServer.sln";

    /// <summary>The path of a file or folder below the root.</summary>
    public static string Path(string relative)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, Solution))) folder = folder.Parent;
        return System.IO.Path.Combine(folder?.FullName ?? AppContext.BaseDirectory, relative);
    }
}
