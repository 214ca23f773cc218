using System.ComponentModel.DataAnnotations;
using InferenceServer.Streaming;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace InferenceServer.Swagger;

/// <summary>
/// Adds text/event-stream beside JSON: two <c>Produces</c> of one status would overwrite each other. Its schema is that of one
/// event's data: any of the stream's records, told apart by <c>type</c> where they have one.
/// </summary>
internal sealed class StreamOperationFilter : IOperationFilter
{
    private const string Type = "type";

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var stream = context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<StreamMetadata>().FirstOrDefault();
        if (stream is null || operation.Responses?["200"] is not OpenApiResponse response) return;
        response.Content ??= new Dictionary<string, IOpenApiMediaType>();
        response.Content["text/event-stream"] = new OpenApiMediaType { Schema = AnyOf(stream, context) };
        response.Headers ??= new Dictionary<string, IOpenApiHeader>();
        response.Headers[SseWriter.IdHeader] = new OpenApiHeader
        {
            Description = "Only of streams: the id that commands to the running generation name.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        };
        response.Description = "A JSON object; or server-sent events, each with one data line that holds one object of the event's schema. "
            + "OpenAI's streams end with the line data: [DONE], which is no JSON.";
    }

    private static OpenApiSchemaReference AnyOf(StreamMetadata stream, OperationFilterContext context)
    {
        var repository = context.SchemaRepository;
        if (repository.Schemas.ContainsKey(stream.Name)) return new OpenApiSchemaReference(stream.Name);
        var mapping = new Dictionary<string, OpenApiSchemaReference>();
        var schemas = new List<IOpenApiSchema>();
        foreach (var type in stream.Events)
        {
            var reference = (OpenApiSchemaReference)context.SchemaGenerator.GenerateSchema(type, repository);
            schemas.Add(new OpenApiSchemaReference(reference.Reference.Id!));
            foreach (var name in Names(type)) mapping[name] = new OpenApiSchemaReference(reference.Reference.Id!);
        }

        return repository.AddDefinition(stream.Name, new OpenApiSchema
        {
            Description = "The data of one event of a stream.",
            OneOf = schemas,
            Discriminator = mapping.Count < schemas.Count ? null : new OpenApiDiscriminator { PropertyName = Type, Mapping = mapping },
        });
    }

    private static IEnumerable<string> Names(Type type) => type.GetProperty(nameof(Type)) is { } property
        && Attribute.GetCustomAttribute(property, typeof(AllowedValuesAttribute)) is AllowedValuesAttribute allowed
        ? allowed.Values.OfType<string>()
        : [];
}
