namespace InferenceServer.Hosting;

/// <summary>What happens to request fields that have no meaning here.</summary>
public enum UnknownFieldPolicy
{
    /// <summary>400, naming the field.</summary>
    Reject,

    /// <summary>The field is named in the log and has no effect.</summary>
    Warn,
}

/// <summary>Section <c>Server</c>: the edge. Every default is in docs/configuration.md.</summary>
public sealed record ServerSettings
{
    public const string Section = "Server";

    /// <summary>Name of the field that carries thoughts in /v1/completions and /v1/chat/completions.</summary>
    public string ReasoningField { get; init; } = "reasoning_content";

    /// <summary>The max_tokens of a request that names none.</summary>
    public int DefaultMaxTokens { get; init; } = 1024;

    /// <summary>Tokens of one prompt, beside the model's own context; 0 = no further limit.</summary>
    public int MaxPromptTokens { get; init; }

    /// <summary>Choices of one request: prompts times n.</summary>
    public int MaxChoices { get; init; } = 16;

    public int MaxMessages { get; init; } = 1024;

    public int MaxStopStrings { get; init; } = 16;

    /// <summary>UTF-16 code units of one stop string.</summary>
    public int MaxStopLength { get; init; } = 256;

    public int MaxLogprobs { get; init; } = 20;

    public int MaxLogitBias { get; init; } = 1024;

    public long MaxRequestBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Open connections; more are refused by the web server.</summary>
    public long MaxConnections { get; init; } = 10_000;

    /// <summary>A comment is sent after this long a silence on a stream; 0 = never.</summary>
    public double KeepAliveSeconds { get; init; } = 15;

    /// <summary>How long running requests may take to finish after a stop signal.</summary>
    public double ShutdownSeconds { get; init; } = 30;

    /// <summary>How long after a stop signal new requests are still taken, so that balancers which ask /health send none in vain.</summary>
    public double DrainDelaySeconds { get; init; }

    /// <summary>How long a generating request may take, from its arrival to its last byte; 0 = no limit.</summary>
    public double RequestSeconds { get; init; } = 3600;

    /// <summary>What the web server bears from one connection.</summary>
    public HttpLimits Http { get; init; } = new();

    public UnknownFieldPolicy UnknownFields { get; init; } = UnknownFieldPolicy.Reject;

    /// <summary>Whether special tokens written in a /v1/completions prompt count as such.</summary>
    public bool ParseSpecialTokens { get; init; } = true;

    /// <summary>Thinking budgets by name of effort.</summary>
    public IDictionary<string, int> ReasoningEffort { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["none"] = 0,
        ["minimal"] = 32,
        ["low"] = 128,
        ["medium"] = 512,
        ["high"] = 2048,
        ["xhigh"] = 8192,
        ["max"] = 32768,
    };

    internal TimeSpan RequestLimit => RequestSeconds == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(RequestSeconds);

    /// <summary>Checks what the binder cannot.</summary>
    /// <exception cref="SettingsException">Names the setting and what it may be.</exception>
    internal void Validate()
    {
        SettingsException.Require(ReasoningField is "reasoning_content" or "reasoning", Section, nameof(ReasoningField), "reasoning_content or reasoning", ReasoningField);
        foreach (var (name, value) in new (string, double)[]
        {
            (nameof(DefaultMaxTokens), DefaultMaxTokens), (nameof(MaxChoices), MaxChoices), (nameof(MaxMessages), MaxMessages),
            (nameof(MaxStopStrings), MaxStopStrings), (nameof(MaxStopLength), MaxStopLength), (nameof(MaxRequestBytes), MaxRequestBytes),
            (nameof(MaxConnections), MaxConnections),
        })
        {
            SettingsException.Require(value >= 1, Section, name, "at least 1", value);
        }

        foreach (var (name, value) in new (string, double)[]
        {
            (nameof(MaxPromptTokens), MaxPromptTokens), (nameof(MaxLogprobs), MaxLogprobs), (nameof(MaxLogitBias), MaxLogitBias),
            (nameof(KeepAliveSeconds), KeepAliveSeconds), (nameof(ShutdownSeconds), ShutdownSeconds),
            (nameof(RequestSeconds), RequestSeconds), (nameof(DrainDelaySeconds), DrainDelaySeconds),
        })
        {
            SettingsException.Require(value >= 0 && value <= int.MaxValue, Section, name, "0 or more", value);
        }

        Http.Validate($"{Section}:{nameof(Http)}");
        foreach (var (effort, budget) in ReasoningEffort)
            SettingsException.Require(budget >= 0, Section, $"{nameof(ReasoningEffort)}:{effort}", "0 or more", budget);
    }
}
