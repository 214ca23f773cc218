namespace InferenceServer.Hosting;

/// <summary>The words of the command line that are not settings, and a check that the rest are.</summary>
internal sealed class CommandLine
{
    public const string Usage = """
        InferenceServer: serves language models that think before, while or instead of saying what they think.

        Usage: InferenceServer [--check | --help] [--trace FILE] [--Section:Setting VALUE ...]

          --check                        checks the configuration and loads every checkpoint, then exits with 0 or 1
          --probe URL                    asks a running server (URL of its /health) and exits with 0 if it is ready, else 1
          --help                         shows this text
          --trace FILE                   writes a timeline of every step (Chrome trace format); as Engine:TraceFile

          --Models:0:Path DIR            folder of a checkpoint; Models:1:..., Models:2:... serve more of them
          --Models:0:Name NAME           the id clients use (the folder's name)
          --Models:0:Method METHOD       plain, tas, bitune, icot_si, icot_kd, quiet_star, tpo (what the checkpoint says)
          --Models:0:Weights FORMAT      over Engine:Weights for this model; also Models:0:Device
          --Engine:Device DEVICE         cpu, or with the GPU engine built in cuda:N (cpu)
          --Engine:Weights FORMAT        f32 or bf16 (f32)
          --Engine:Threads N             threads that compute (0 = all)
          --Engine:MaxRunning N          requests that share a step (64)
          --Engine:MaxWaiting N          requests that may wait (256)
          --Engine:StepRows N            rows of one step over all requests, at least MaxRunning (512)
          --Engine:KvMemory SIZE         KV memory per model, such as 512MB (a quarter of what there is)
          --Server:DefaultMaxTokens N    max_tokens of requests that name none (1024)
          --Server:ReasoningField NAME   reasoning_content or reasoning (reasoning_content)
          --Server:UnknownFields POLICY  Reject or Warn (Reject)
          --urls URL                     where to listen (http://localhost:8080)

        Once it runs: / is a playground for the browser, /swagger describes the API.
        All settings: docs/configuration.md. They can stand in appsettings.json and, as Section__Setting, in the environment.
        """;

    private static readonly string[] Sections =
    [
        "Models", "Engine", "Server", "Access", "Telemetry", "Serilog", "Kestrel", "urls", "http_ports", "https_ports", "environment", "contentRoot", "applicationName",
    ];

    public CommandLine(string[] args)
    {
        Help = args.Any(arg => arg is "--help" or "-h" or "-?");
        Check = args.Contains("--check");
        Probe = args is ["--probe", var url] ? url : null;
        Settings = [.. args.Where(arg => arg != "--check").Select(arg => arg == "--trace" ? "--Engine:TraceFile" : arg)];
    }

    public bool Help { get; }

    public bool Check { get; }

    /// <summary>The address to ask; null = not a probe.</summary>
    public string? Probe { get; }

    /// <summary>What configuration reads.</summary>
    public string[] Settings { get; }

    /// <exception cref="SettingsException">An argument sets nothing.</exception>
    public void Validate()
    {
        for (var i = 0; i < Settings.Length; i++)
        {
            var arg = Settings[i];
            var key = arg.StartsWith("--", StringComparison.Ordinal) ? arg[2..].Split('=')[0] : "";
            if (!Sections.Contains(key.Split(':')[0], StringComparer.OrdinalIgnoreCase))
                throw new SettingsException($"'{arg}' is not a setting; --help lists them.");
            if (arg.Contains('=', StringComparison.Ordinal)) continue;
            if (++i == Settings.Length) throw new SettingsException($"{arg} needs a value.");
        }
    }
}
