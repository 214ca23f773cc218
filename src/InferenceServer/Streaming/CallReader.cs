using System.Security.Cryptography;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Models.Tokenization;
using InferenceServer.Models.Tools;

namespace InferenceServer.Streaming;

/// <summary>Tells calls of tools from text in the answer tokens of one choice, as they come.</summary>
/// <param name="idPrefix">What the ids of calls begin with.</param>
internal sealed class CallReader(ToolDemand demand, Tokenizer tokenizer, string idPrefix)
{
    private const int IdDigits = 24;
    private const string IdLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    private readonly ToolCallReader _reader = new(demand);

    /// <summary>What a token adds, in order.</summary>
    public IReadOnlyList<ToolPiece> Add(GenerationEvent.Token token)
    {
        // Special tokens have no text; among the syntax of calls they have names.
        var text = token.Text.Length == 0 && token.TokenId is { } id && tokenizer.IsSpecial(id) ? tokenizer.IdToToken(id)! : token.Text;
        return _reader.Append(text);
    }

    /// <summary>The end: what was held back.</summary>
    public IReadOnlyList<ToolPiece> Finish() => _reader.Flush();

    /// <summary>Whether the arguments of a call are all there.</summary>
    /// <param name="index">Among the calls of the answer.</param>
    public bool IsComplete(int index) => index < _reader.Complete;

    /// <summary>Whether an answer that has ended asks for a call.</summary>
    public bool EndedCalling(GenerationEvent.Finished finished) => finished.Reason == FinishReason.Stop && IsComplete(0);

    /// <summary>Names a call. Some templates take ids of a certain length only, and the client sends them back.</summary>
    public string NewId() => demand.Syntax.ShortIds
        ? RandomNumberGenerator.GetString(IdLetters, ToolSyntax.IdLength)
        : idPrefix + RandomNumberGenerator.GetHexString(IdDigits, lowercase: true);
}
