using InferenceServer.Anthropic;
using InferenceServer.Responses;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace InferenceServer.Swagger;

/// <summary>Describes the records that only descriptions written by hand name.</summary>
internal sealed class InputFilter : IDocumentFilter
{
    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        foreach (var type in (Type[])[typeof(InputItem), typeof(InputBlock)]) context.SchemaGenerator.GenerateSchema(type, context.SchemaRepository);
    }
}
