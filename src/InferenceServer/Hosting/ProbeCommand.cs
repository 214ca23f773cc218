namespace InferenceServer.Hosting;

/// <summary><c>--probe URL</c>: is the server there ready? For containers without a shell or curl.</summary>
internal static class ProbeCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <returns>The process's exit code: 0 when the answer is a success, else 1.</returns>
    public static async Task<int> RunAsync(string url, TextWriter output)
    {
        using var http = new HttpClient { Timeout = Patience };
        try
        {
            using var response = await http.GetAsync(url);
            await output.WriteLineAsync($"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or UriFormatException or InvalidOperationException)
        {
            await output.WriteLineAsync(exception.Message);
            return 1;
        }
    }
}
