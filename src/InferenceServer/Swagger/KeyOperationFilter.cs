using System.Globalization;
using InferenceServer.Access;
using InferenceServer.Anthropic;
using InferenceServer.Errors;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace InferenceServer.Swagger;

/// <summary>Says which operations take an API key, which a server may be set to need, and how they refuse one.</summary>
internal sealed class KeyOperationFilter : IOperationFilter
{
    private const string Bearer = "bearer";
    private const string Header = "x-api-key";

    private static readonly (int Status, string Description)[] Refusals =
    [
        (StatusCodes.Status401Unauthorized, "The server needs an API key, and this is none of its keys."),
        (StatusCodes.Status403Forbidden, "The key may not do this."),
        (StatusCodes.Status429TooManyRequests, "The key has used up its requests or tokens, or the queue is full."),
    ];

    public static void Define(SwaggerGenOptions options)
    {
        options.AddSecurityDefinition(Bearer, new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "Authorization: Bearer KEY." });
        options.AddSecurityDefinition(Header, new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = Header, Description = "The same key, as Anthropic's clients send it." });
    }

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<OpenEndpoint>().Any())
        {
            operation.Security = [];
            return;
        }

        // The last: a server without keys needs none.
        operation.Security = [Requires(Bearer, context.Document), Requires(Header, context.Document), new OpenApiSecurityRequirement()];
        var type = MessageErrorResponse.IsFor("/" + context.ApiDescription.RelativePath) ? typeof(MessageErrorResponse) : typeof(ErrorResponse);
        var schema = context.SchemaGenerator.GenerateSchema(type, context.SchemaRepository);
        foreach (var (status, description) in Refusals)
        {
            operation.Responses![status.ToString(CultureInfo.InvariantCulture)] = new OpenApiResponse
            {
                Description = description,
                Content = new Dictionary<string, IOpenApiMediaType> { ["application/json"] = new OpenApiMediaType { Schema = schema } },
            };
        }
    }

    private static OpenApiSecurityRequirement Requires(string scheme, OpenApiDocument document) => new() { [new OpenApiSecuritySchemeReference(scheme, document)] = [] };
}
