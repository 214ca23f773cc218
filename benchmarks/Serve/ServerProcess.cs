using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using InferenceServer.Models;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Engine;

namespace InferenceServer.Benchmarks.Serve;

/// <summary>How both sides run the model: the server by its settings, the engine in this process by its options.</summary>
internal sealed record ServeSettings(CpuOptions Cpu, int MaxRunning, long KvMemory)
{
    public const int MaxWaiting = 4096;

    public EngineOptions Engine => new() { MaxRunning = MaxRunning, MaxWaiting = MaxWaiting };

    public ModelOptions Model(Workload workload) => new() { Name = workload.Name, Path = workload.Folder, Cpu = Cpu, KvMemory = KvMemory, Engine = Engine };
}

/// <summary>The server as it is deployed, in a process of its own, with one model.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10); // to read and pack a large model

    private readonly Process _process;

    private ServerProcess(Process process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Returns once it is ready.</summary>
    /// <exception cref="InvalidOperationException">It was not built, or ended before it was ready.</exception>
    public static async Task<ServerProcess> StartAsync(string program, Workload workload, ServeSettings settings)
    {
        if (!File.Exists(program)) throw new InvalidOperationException($"{program} is missing. Run: dotnet build -c Release src/InferenceServer");
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort()}"));
        string[] arguments =
        [
            program,
            "--Models:0:Path", workload.Folder,
            "--Models:0:Name", workload.Name,
            "--Engine:Weights", WeightFormats.Name(settings.Cpu.Weights),
            "--Engine:Kv", KvFormats.Name(settings.Cpu.Kv),
            "--Engine:Threads", settings.Cpu.Threads.ToString(CultureInfo.InvariantCulture),
            "--Engine:MaxRunning", settings.MaxRunning.ToString(CultureInfo.InvariantCulture),
            "--Engine:MaxWaiting", ServeSettings.MaxWaiting.ToString(CultureInfo.InvariantCulture),
            "--Engine:KvMemory", settings.KvMemory.ToString(CultureInfo.InvariantCulture),
            "--Serilog:MinimumLevel:Default", "Warning", // a console that is not read costs what it likes
            "--urls", address.ToString(),
        ];
        var process = Process.Start(new ProcessStartInfo("dotnet", arguments)) ?? throw new InvalidOperationException("The server did not start.");
        var server = new ServerProcess(process, address);
        try
        {
            await server.ReadyAsync();
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private async Task ReadyAsync()
    {
        using var client = new HttpClient { BaseAddress = Address };
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < Patience; await Task.Delay(100))
        {
            if (_process.HasExited) throw new InvalidOperationException("The server ended before it was ready; what it wrote is above.");
            try
            {
                using var answer = await client.GetAsync(new Uri("/health", UriKind.Relative));
                if (answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }
        }

        throw new InvalidOperationException($"The server was not ready within {Patience.TotalMinutes} minutes.");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
