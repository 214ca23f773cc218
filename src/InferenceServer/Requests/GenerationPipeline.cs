using InferenceServer.Hosting;
using InferenceServer.Metrics;
using InferenceServer.Models.Engine;
using InferenceServer.Streaming;

namespace InferenceServer.Requests;

/// <summary>What every generating endpoint needs: reading, checking, running and streaming a request.</summary>
public sealed class GenerationPipeline(
    RequestReader reader,
    UnknownFields unknown,
    ModelRegistry models,
    PromptEncoder prompts,
    RequestMapper mapper,
    ConstraintMapper constraints,
    ToolMapper tools,
    StreamRunner stream,
    RunningGenerations running,
    GenerationTelemetry telemetry,
    WireFormat wire,
    ServerSettings settings)
{
    public ModelRegistry Models => models;

    public PromptEncoder Prompts => prompts;

    public RequestMapper Mapper => mapper;

    public ConstraintMapper Constraints => constraints;

    public ToolMapper Tools => tools;

    public WireFormat Wire => wire;

    public ServerSettings Settings => settings;

    /// <summary>The request's body, with every field that would be ignored refused or reported.</summary>
    /// <exception cref="Errors.ApiException">Among others 429: nothing more fits into the queue; no token has been made of the body.</exception>
    public async Task<T> ReadAsync<T>(HttpContext context)
        where T : GenerationFields
    {
        models.RequireRoom();
        var fields = await reader.ReadAsync<T>(context.Request);
        models.RequireRoom(fields.Model);
        unknown.Check(fields.Unknown);
        return fields;
    }

    /// <summary>How many of the most likely tokens <c>prompt_logprobs</c> asks for; null = it is not asked for.</summary>
    /// <exception cref="Errors.ApiException">400: too many, or with a stream, which has no place for them.</exception>
    public int? PromptTop(int? promptLogprobs, GenerationFields fields)
    {
        const string Param = "prompt_logprobs";
        if (promptLogprobs is not { } top) return null;
        if (fields.Stream == true)
            throw Errors.ApiException.Invalid(Param, $"'{Param}' does not go with 'stream'; a stream of /v1/completions takes 'echo' with 'logprobs'.", "unsupported_parameter");
        return Bounds.Within(Param, top, 0, settings.MaxLogprobs);
    }

    public async Task<(IReadOnlyList<ChoiceResult> Choices, GenerationUsage Usage)> CollectAsync(HttpContext context, MappedRequest request)
    {
        using var run = GenerationRun.Start(request, context, settings.RequestLimit, telemetry);
        var choices = await ChoiceResult.CollectAsync(run, context.RequestAborted);
        return (choices, run.Usage);
    }

    public async Task StreamAsync(HttpContext context, MappedRequest request, StreamFormat format)
    {
        using var run = GenerationRun.Start(request, context, settings.RequestLimit, telemetry);
        using var listed = running.Add(run, format.TakesBack);
        await stream.WriteAsync(context, run, format);
    }
}
