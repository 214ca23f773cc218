using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace InferenceServer.Swagger;

/// <summary>Gives request bodies the examples of <see cref="Examples"/>.</summary>
internal sealed class ExampleFilter : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (operation.RequestBody?.Content is not { } content || !content.TryGetValue("application/json", out var found) || found is not OpenApiMediaType body) return;
        if (!Examples.Of.TryGetValue(operation.OperationId ?? "", out var examples)) return;
        body.Examples = examples.ToDictionary(
            example => example.Name, example => (IOpenApiExample)new OpenApiExample { Summary = example.Summary, Value = example.Body.DeepClone() });
    }
}
