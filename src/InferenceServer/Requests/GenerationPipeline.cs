using InferenceServer.Hosting;
using InferenceServer.Metrics;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tools;
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

    /// <summary>The same with every answer bound to what was asked for: a format, or calls of tools.</summary>
    /// <exception cref="Errors.ApiException">400: it is no format, or a schema cannot be enforced.</exception>
    public async Task<MappedRequest> BindAsync(MappedRequest request, ResponseFormat? format, ToolDemand? demand, CancellationToken cancellation)
    {
        if (demand is null) return request.With(await constraints.OfAsync(format, request.Model, cancellation));
        constraints.Check(format);
        return request.With(await ToolMapper.CompileAsync(demand, format, request.Model, cancellation)) with { Tools = demand };
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
