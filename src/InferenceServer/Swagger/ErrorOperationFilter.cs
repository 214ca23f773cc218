using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace InferenceServer.Swagger;

/// <summary>Says when an answer that reports an error tells when to come again, and describes ids in paths.</summary>
internal sealed class ErrorOperationFilter : IOperationFilter
{
    private static readonly string[] Later = ["429", "503"];

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        foreach (var status in Later)
        {
            if (operation.Responses?.TryGetValue(status, out var found) != true || found is not OpenApiResponse response || !IsApi(context)) continue;
            response.Headers ??= new Dictionary<string, IOpenApiHeader>();
            response.Headers["Retry-After"] = new OpenApiHeader
            {
                Description = "Seconds after which to try again.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "0" },
            };
        }

        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
        {
            if (parameter is { Name: "id", Description: null })
                parameter.Description = IsOfGeneration(context) ? "Of a running stream: its X-Generation-Id, also the id of its first event." : "Of the model.";
        }
    }

    private static bool IsApi(OperationFilterContext context) => context.ApiDescription.RelativePath?.StartsWith("health", StringComparison.Ordinal) != true;

    private static bool IsOfGeneration(OperationFilterContext context) => context.ApiDescription.RelativePath!.Contains("generations/", StringComparison.Ordinal);
}
