using System.Reflection;
using System.Text.Json;
using InferenceServer.Hosting;
using InferenceServer.Requests;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace InferenceServer.Swagger;

/// <summary>What settings decide: the name of the field that carries thoughts, and the efforts that have one.</summary>
internal sealed class ThoughtFieldFilter(ServerSettings settings) : ISchemaFilter
{
    private static readonly string Effort = JsonNamingPolicy.SnakeCaseLower.ConvertName(nameof(GenerationFields.ReasoningEffort));

    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is not OpenApiSchema { Properties: { } properties } found) return;
        foreach (var property in context.Type.GetProperties().Where(property => property.IsDefined(typeof(ThoughtFieldAttribute))))
        {
            var name = JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name);
            if (properties.Remove(name, out var thought)) properties[settings.ReasoningField] = thought;
            if (found.Required?.Remove(name) == true) found.Required.Add(settings.ReasoningField);
        }

        if (context.Type.IsAssignableTo(typeof(GenerationFields)) && properties.TryGetValue(Effort, out var effort) && effort is OpenApiSchema words)
            ExactSchemaFilter.Limit(words, [.. settings.ReasoningEffort.Keys], isRequest: true);
    }
}
