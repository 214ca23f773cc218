using System.Reflection;
using System.Text.Json;
using InferenceServer.Requests;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace InferenceServer.Swagger;

/// <summary>Gives the field that carries thoughts its configured name.</summary>
internal sealed class ThoughtFieldFilter(string reasoningField) : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is not OpenApiSchema { Properties: { } properties }) return;
        foreach (var property in context.Type.GetProperties())
        {
            if (!property.IsDefined(typeof(ThoughtFieldAttribute))) continue;
            if (properties.Remove(JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name), out var thought)) properties[reasoningField] = thought;
        }
    }
}
