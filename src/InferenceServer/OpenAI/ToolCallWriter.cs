using InferenceServer.Models.Engine;
using InferenceServer.Models.Tokenization;
using InferenceServer.Models.Tools;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.OpenAI;

/// <summary>Turns the answer tokens of one choice into content and calls, as they come.</summary>
internal sealed class ToolCallWriter(ToolDemand demand, Tokenizer tokenizer)
{
    private readonly CallReader _reader = new(demand, tokenizer, "call_");
    private readonly List<(string Id, string Name, string Arguments)> _calls = [];

    /// <summary>The calls so far, their arguments as far as they are there; null where there is none.</summary>
    public IReadOnlyList<ChatToolCall>? Calls => _calls.Count == 0
        ? null
        : [.. _calls.Select(call => new ChatToolCall { Id = call.Id, Type = "function", Function = new FunctionCall { Name = call.Name, Arguments = call.Arguments } })];

    /// <summary>Text outside calls.</summary>
    public string Content { get; private set; } = "";

    /// <summary>What a token adds, in order.</summary>
    public IEnumerable<ChatDelta> Add(GenerationEvent.Token token) => Deltas(_reader.Add(token));

    /// <summary>The end: what was held back.</summary>
    public IEnumerable<ChatDelta> Finish() => Deltas(_reader.Finish());

    /// <summary>tool_calls where the model made some and came to an end.</summary>
    public string FinishReason(GenerationEvent.Finished finished) => _reader.EndedCalling(finished) ? "tool_calls" : Wording.FinishReason(finished);

    private List<ChatDelta> Deltas(IReadOnlyList<ToolPiece> pieces)
    {
        var deltas = new List<ChatDelta>(pieces.Count);
        foreach (var piece in pieces)
        {
            switch (piece)
            {
                case ToolPiece.Content content:
                    Content += content.Text;
                    deltas.Add(new ChatDelta { Content = content.Text });
                    break;
                case ToolPiece.Begun call:
                    _calls.Add((_reader.NewId(), call.Name, ""));
                    deltas.Add(Delta(new ToolCallDelta(call.Index) { Id = _calls[^1].Id, Type = "function", Function = new FunctionDelta { Name = call.Name, Arguments = "" } }));
                    break;
                case ToolPiece.Arguments arguments:
                    _calls[^1] = _calls[^1] with { Arguments = _calls[^1].Arguments + arguments.Text };
                    deltas.Add(Delta(new ToolCallDelta(arguments.Index) { Function = new FunctionDelta { Arguments = arguments.Text } }));
                    break;
                default:
                    throw new InvalidOperationException($"Unknown piece {piece.GetType().Name}.");
            }
        }

        return deltas;
    }

    private static ChatDelta Delta(ToolCallDelta call) => new() { ToolCalls = [call] };
}
