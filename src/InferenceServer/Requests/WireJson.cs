using System.Text.Json.Serialization;
using InferenceServer.Errors;
using InferenceServer.Health;
using InferenceServer.Native;
using InferenceServer.OpenAI;

namespace InferenceServer.Requests;

/// <summary>Everything that goes over the wire, known at build time.</summary>
[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(ChatResponse))]
[JsonSerializable(typeof(ChatChunk))]
[JsonSerializable(typeof(CompletionRequest))]
[JsonSerializable(typeof(CompletionResponse))]
[JsonSerializable(typeof(CompletionChunk))]
[JsonSerializable(typeof(TokenizeRequest))]
[JsonSerializable(typeof(TokenizeResponse))]
[JsonSerializable(typeof(DetokenizeRequest))]
[JsonSerializable(typeof(DetokenizeResponse))]
[JsonSerializable(typeof(VersionResponse))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ErrorResponse))]
[JsonSerializable(typeof(HealthResponse))]
[JsonSerializable(typeof(ContentPart))]
[JsonSerializable(typeof(GenerateRequest))]
[JsonSerializable(typeof(GenerateResponse))]
[JsonSerializable(typeof(GenerateStart))]
[JsonSerializable(typeof(GenerateToken))]
[JsonSerializable(typeof(GenerateRestart))]
[JsonSerializable(typeof(GeneratePeeked))]
[JsonSerializable(typeof(GenerateDone))]
[JsonSerializable(typeof(ThoughtRequest))]
[JsonSerializable(typeof(CommandResponse))]
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
internal sealed partial class WireJson : JsonSerializerContext;
