using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace InferenceServer.Swagger;

/// <summary>Adds text/event-stream beside JSON: two <c>Produces</c> of one status would overwrite each other.</summary>
internal sealed class StreamOperationFilter : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var stream = context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<StreamMetadata>().FirstOrDefault();
        if (stream is null || operation.Responses?["200"] is not OpenApiResponse response) return;
        response.Content ??= new Dictionary<string, IOpenApiMediaType>();
        response.Content["text/event-stream"] = new OpenApiMediaType
        {
            Schema = context.SchemaGenerator.GenerateSchema(stream.Event, context.SchemaRepository),
        };
        response.Description = "A JSON object; with \"stream\": true, server-sent events whose data lines each hold one object of the event's schema.";
    }
}
