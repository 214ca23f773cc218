namespace InferenceServer.Hosting;

/// <summary>
/// Where settings and relative paths are looked for, so that the server finds the same things started from the repository's
/// root, from a build's output, or from anywhere else.
/// </summary>
internal static class SettingsFolder
{
    public const string FileName = "appsettings.json";

    /// <summary>The current folder if it has an appsettings.json, else the program's own.</summary>
    public static string Find()
    {
        var current = Directory.GetCurrentDirectory();
        return File.Exists(Path.Combine(current, FileName)) ? current : AppContext.BaseDirectory;
    }

    /// <summary>
    /// A relative path is tried from the current folder, from the folder of the settings, and from the program's folder and
    /// each above it; the first that exists is meant. Where none does, it is what the current folder makes of it.
    /// </summary>
    public static string Resolve(string path, string contentRoot)
    {
        if (Path.IsPathRooted(path)) return path;
        var starts = new List<string> { Directory.GetCurrentDirectory(), contentRoot };
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent) starts.Add(folder.FullName);
        return starts.Select(start => Path.GetFullPath(path, start)).FirstOrDefault(Directory.Exists) ?? Path.GetFullPath(path);
    }
}
