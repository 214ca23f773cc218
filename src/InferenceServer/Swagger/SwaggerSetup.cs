using InferenceServer.Anthropic;
using InferenceServer.Hosting;
using InferenceServer.Requests;
using InferenceServer.Responses;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace InferenceServer.Swagger;

/// <summary>The API's description at /swagger/v1/swagger.json and its page at /swagger. Built when first asked for.</summary>
internal static class SwaggerSetup
{
    public static IServiceCollection AddApiDescription(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = System.Text.Json.JsonNamingPolicy.SnakeCaseLower);
        services.AddEndpointsApiExplorer();
        services.AddSwaggerGen();
        services.AddOptions<SwaggerGenOptions>().Configure<ServerSettings>(Describe);
        return services;
    }

    public static WebApplication UseApiDescription(this WebApplication app)
    {
        app.UseSwagger(options => options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1);
        app.UseSwaggerUI(options => options.SwaggerEndpoint("v1/swagger.json", "InferenceServer"));
        return app;
    }

    private static void Describe(SwaggerGenOptions options, ServerSettings settings)
    {
        options.SwaggerDoc("v1", new OpenApiInfo { Title = "InferenceServer", Version = "v1", Description = "Language models that think. See docs/api.md." });
        options.AddServer(new OpenApiServer { Url = "/", Description = "The server this description comes from." });
        // HEAD is GET without the body.
        options.DocInclusionPredicate(static (_, operation) => operation.HttpMethod != HttpMethods.Head);
        options.NonNullableReferenceTypesAsRequired();
        options.SupportNonNullableReferenceTypes();
        // A build without documentation still serves; its description is only terser.
        var comments = Path.Combine(AppContext.BaseDirectory, $"{typeof(SwaggerSetup).Assembly.GetName().Name}.xml");
        if (File.Exists(comments)) options.IncludeXmlComments(comments);
        options.OperationFilter<StreamOperationFilter>();
        KeyOperationFilter.Define(options);
        options.OperationFilter<KeyOperationFilter>();
        options.OperationFilter<ErrorOperationFilter>();
        options.OperationFilter<ExampleFilter>();
        options.DocumentFilter<InputFilter>();
        options.SchemaFilter<ExactSchemaFilter>();
        options.SchemaFilter<UnionFilter>();
        options.SchemaFilter<ThoughtFieldFilter>(settings);
        options.MapType<ResponseInput>(() => OneOf(Text(), Many(Named(nameof(InputItem)))));
        options.MapType<ItemContent>(() => OneOf(Text(), Many(TextPart("input_text", "output_text", "text", "reasoning_text"))));
        options.MapType<BlockContent>(() => OneOf(Text(), Many(Named(nameof(InputBlock)))));
        options.MapType<RawObject>(() => new OpenApiSchema { Type = JsonSchemaType.Object });
        options.MapType<StopInput>(() => OneOf(Text(), Many(Text())));
        options.MapType<MessageContent>(() => OneOf(Text(), Many(TextPart("text"))));
        options.MapType<ToolChoice>(() => OneOf(Text(), NamedFunction()));
        options.MapType<ResponseToolChoice>(() => OneOf(Text(), FlatFunction()));
        options.MapType<PromptInput>(() => OneOf(Text(), Many(Text()), Many(TokenId()), Many(Many(TokenId()))));
    }

    private static OpenApiSchema OneOf(params IOpenApiSchema[] schemas) => new() { OneOf = [.. schemas] };

    private static OpenApiSchema Many(IOpenApiSchema items) => new() { Type = JsonSchemaType.Array, Items = items };

    private static OpenApiSchema Text() => new() { Type = JsonSchemaType.String };

    private static OpenApiSchema TokenId() => new() { Type = JsonSchemaType.Integer, Format = "int32" };

    private static OpenApiSchemaReference Named(string type) => new(type);

    private static OpenApiSchema NamedFunction() => Typed("function", "function", new OpenApiSchema
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string> { "name" },
        Properties = new Dictionary<string, IOpenApiSchema> { ["name"] = Text() },
    });

    private static OpenApiSchema FlatFunction() => Typed("function", "name", Text());

    private static OpenApiSchema Typed(string type, string field, OpenApiSchema value) => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string> { "type", field },
        Properties = new Dictionary<string, IOpenApiSchema> { ["type"] = new OpenApiSchema { Type = JsonSchemaType.String, Const = type }, [field] = value },
    };

    private static OpenApiSchema TextPart(params string[] types) => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string> { "type", "text" },
        Properties = new Dictionary<string, IOpenApiSchema> { ["type"] = OneOfWords(types), ["text"] = Text() },
    };

    private static OpenApiSchema OneOfWords(string[] words)
    {
        var schema = Text();
        ExactSchemaFilter.Limit(schema, words, isRequest: true);
        return schema;
    }
}
